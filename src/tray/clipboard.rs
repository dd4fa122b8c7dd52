//! The clipboard. X keeps no copy of what is in it: who put it there hands it out, so this stays for as long as the
//! program does, in a thread of its own, since the library blocks.

use std::sync::mpsc;
use std::time::Duration;

use arboard::Clipboard;
use tokio::sync::oneshot;
use tokio::time::timeout;

/// A display that has hung answers nobody.
const LIMIT: Duration = Duration::from_secs(5);

type Request = (String, oneshot::Sender<Result<(), String>>);

/// Puts texts into the clipboard.
#[derive(Debug, Default)]
pub(super) struct Copier {
    requests: Option<mpsc::Sender<Request>>,
}

impl Copier {
    /// Puts `text` into the clipboard. The answer comes later: an error says why it could not be done.
    pub(super) fn copy(&mut self, text: &str) -> impl Future<Output = Result<(), String>> + Send + use<> {
        let (tell, told) = oneshot::channel();
        let sent = self.requests().and_then(|requests| {
            requests.send((text.to_owned(), tell)).map_err(|_| "The clipboard has ended.".to_owned())
        });
        async move {
            sent?;
            let told = timeout(LIMIT, told).await.map_err(|_| "The display does not answer.")?;
            told.map_err(|_| "The clipboard has ended.")?
        }
    }

    fn requests(&mut self) -> Result<&mpsc::Sender<Request>, String> {
        if self.requests.is_none() {
            let (requests, inbox) = mpsc::channel();
            let thread = std::thread::Builder::new().name("clipboard".into()).spawn(move || serve(&inbox));
            thread.map_err(|error| format!("No thread can be started: {error}."))?;
            self.requests = Some(requests);
        }
        self.requests.as_ref().ok_or_else(String::new)
    }
}

fn serve(inbox: &mpsc::Receiver<Request>) {
    let mut kept: Option<Clipboard> = None;
    while let Ok((text, tell)) = inbox.recv() {
        let clipboard = kept.take().map_or_else(Clipboard::new, Ok);
        let put = clipboard.and_then(|mut clipboard| clipboard.set_text(text).map(|()| clipboard));
        let result = put.map(|clipboard| kept = Some(clipboard));
        drop(tell.send(result.map_err(|error| format!("{error}."))));
    }
}
