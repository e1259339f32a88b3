//! A service from its start to the signal that ends it.

use std::path::Path;

use oxisim_smpp::Watch;
use tokio::{
    runtime::Runtime,
    signal::unix::{Signal, SignalKind, signal},
};

use super::{Clock, Config, Running, ServiceError, log};

/// Runs a server as the file at `path` says, until SIGTERM or SIGINT; SIGHUP lets it read the file again. `say` gets
/// lines for whoever has started it, and `watch` the messages that pass between the server and its SMS centres.
pub fn run(path: &Path, watch: Option<Watch>, say: impl Fn(&str)) -> Result<(), ServiceError> {
    let config = Config::read(path)?;
    log::start(config.log.format, config.log.level);
    let runtime = Runtime::new().map_err(ServiceError::Machine)?;
    runtime.block_on(async {
        let mut signals = Signals::new().map_err(ServiceError::Machine)?;
        let centres = config.smpp.len();
        let mut running = Running::start_watched(config, Clock::wall(), watch).await?;
        say(&format!("the server works; SMS centres: {centres}"));
        if let Some(address) = running.console() {
            say(&format!("the console listens on {address}"));
        }
        if let Some(code) = running.setup_code() {
            say(&format!("no operator has an account: /setup asks for the code {code}"));
        }
        while signals.next().await == Wish::Reload {
            reload(&mut running, path);
        }
        say("the server stops");
        running.stop().await?;
        say("the server has stopped");
        Ok(())
    })
}

fn reload(running: &mut Running, path: &Path) {
    match Config::read(path) {
        Ok(config) => {
            let fixed = running.reload(config);
            ::log::info!("the configuration was read again");
            if !fixed.is_empty() {
                ::log::warn!("not changed without a restart: {}", fixed.join(", "));
            }
        }
        Err(error) => ::log::error!("the configuration stays as it was: {error}"),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    Reload,
    Stop,
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> Wish {
        tokio::select! {
            _ = self.terminate.recv() => Wish::Stop,
            _ = self.interrupt.recv() => Wish::Stop,
            _ = self.hang_up.recv() => Wish::Reload,
        }
    }
}
