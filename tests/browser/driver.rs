//! Chromium and its driver, with a port and folders of their own.

use std::{
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde_json::json;
use tempfile::TempDir;
use thirtyfour::prelude::*;
use tokio::time::{Instant, sleep};

/// What the test may take until the browser has started, or a file has come.
const PATIENCE: Duration = Duration::from_secs(30);

/// A browser that nothing else uses.
pub struct Browser {
    pub driver: WebDriver,
    process: Process,
    folder: TempDir,
}

/// The driver's process; it ends with this value.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Browser {
    /// Starts a browser with a window of this size; if there is none, says why, and on continuous integration that is a
    /// failure.
    pub async fn start(width: u32, height: u32) -> Option<Self> {
        let (Some(chromium), Some(chromedriver)) = (find("chromium"), find("chromedriver")) else {
            eprintln!(
                "skipped: chromium or chromedriver is not installed; make setup, as root, installs them"
            );
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        // The port is free a moment before the driver takes it; it takes no port of the system's choice itself.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let child = Command::new(chromedriver)
            .arg(format!("--port={port}"))
            .env("HOME", folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let process = Process(child.unwrap());
        let mut capabilities = DesiredCapabilities::chrome();
        capabilities.set_binary(chromium.to_str().unwrap()).unwrap();
        for argument in [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-quic",
            "--disable-dev-shm-usage",
            &format!("--user-data-dir={}", folder.path().join("profile").display()),
        ] {
            capabilities.add_arg(argument).unwrap();
        }
        let downloads = folder.path().join("downloads");
        std::fs::create_dir(&downloads).unwrap();
        let preferences =
            json!({ "download.default_directory": downloads, "download.prompt_for_download": false });
        capabilities.add_experimental_option("prefs", preferences).unwrap();
        // A window of a screen is never so narrow; a phone's is.
        let metrics = json!({ "width": width, "height": height, "pixelRatio": 1.0, "touch": false });
        capabilities.add_experimental_option("mobileEmulation", json!({ "deviceMetrics": metrics })).unwrap();
        let begun = Instant::now();
        let driver = loop {
            match WebDriver::new(format!("http://127.0.0.1:{port}"), capabilities.clone()).await {
                Ok(driver) => break driver,
                Err(error) => assert!(begun.elapsed() < PATIENCE, "no browser: {error}"),
            }
            sleep(Duration::from_millis(100)).await;
        };
        Some(Self { driver, process, folder })
    }

    /// What stands in a file that the browser has been told to keep, once it is there.
    pub async fn downloaded(&self, name: &str) -> String {
        let path = self.folder.path().join("downloads").join(name);
        let begun = Instant::now();
        loop {
            if let Ok(text) = std::fs::read_to_string(&path)
                && !text.is_empty()
            {
                return text;
            }
            assert!(begun.elapsed() < PATIENCE, "{name} was not downloaded");
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// Ends the browser and its driver.
    pub async fn stop(self) {
        self.driver.quit().await.unwrap();
        drop(self.process);
    }
}

fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|path| path.exists())
}
