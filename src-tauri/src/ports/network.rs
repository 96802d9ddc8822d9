//! Whether the network costs money: the page's web view says so on a phone, and nobody does on a desktop.

use kerbside_device::Network;

/// `KERBSIDE_NETWORK` speaks for machines whose web view does not.
pub fn network(metered: Option<bool>) -> Network {
    match std::env::var("KERBSIDE_NETWORK").as_deref() {
        Ok("metered") => Network::Metered,
        Ok("free") => Network::Free,
        Ok(_) | Err(_) => said(metered),
    }
}

fn said(metered: Option<bool>) -> Network {
    match metered {
        Some(true) => Network::Metered,
        Some(false) => Network::Free,
        None => Network::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_that_nobody_speaks_of_is_unknown() {
        assert_eq!(said(Some(true)), Network::Metered);
        assert_eq!(said(Some(false)), Network::Free);
        assert_eq!(said(None), Network::Unknown);
    }
}
