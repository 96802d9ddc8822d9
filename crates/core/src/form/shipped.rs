//! Every file in `schemas` is read here, and its examples are held to what they say.
