//! How far a photo has come on its way, without a network: the HTTP pipe and the simulator both say it here.

use crate::store::UploadRow;
use crate::vault::Vault;
use anyhow::Result;

impl Vault {
    /// The server said where to send it.
    pub fn photo_goes_to(&mut self, upload: &UploadRow, path: &str) -> Result<()> {
        self.store.transact(|store| store.set_upload_url(upload.record, upload.sha256, Some(path)))
    }

    /// So much of it has left. It is received when the server's receipt says so, and not before.
    pub fn photo_reached(&mut self, upload: &UploadRow, sent: u64) -> Result<()> {
        self.store.transact(|store| store.set_upload_sent(upload.record, upload.sha256, sent))
    }
}
