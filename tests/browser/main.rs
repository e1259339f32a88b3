//! The console in a real browser: Chromium, driven through its own driver.

mod driver;
mod place;

use std::time::Duration;

use driver::Browser;
use place::{ALICE, PASSWORD, Place};
use serde_json::json;
use thirtyfour::{extensions::cdp::ChromeDevTools, prelude::*};

/// The pages.
const PAGES: [&str; 12] = [
    "subscribers",
    "one",
    "copy",
    "notes",
    "messages",
    "throughput",
    "policy",
    "policy/de",
    "accounts",
    "account",
    "audit",
    "nowhere",
];

/// How long a page may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Presses TAB until an element has the focus whose text or label is this one, as somebody without a mouse does.
async fn tab_to(driver: &WebDriver, words: &str) {
    for _ in 0..60 {
        driver.action_chain().send_keys(Key::Tab).perform().await.unwrap();
        let focused = driver.active_element().await.unwrap();
        let mut seen = focused.text().await.unwrap();
        if seen.is_empty() {
            let label = driver
                .execute(
                    "const e = arguments[0]; return (e.labels && e.labels[0] ? e.labels[0].innerText : '') || ''",
                    vec![focused.to_json().unwrap()],
                )
                .await
                .unwrap();
            seen = label.convert::<String>().unwrap();
        }
        if seen.trim().starts_with(words) {
            return;
        }
    }
    panic!("{words:?} cannot be reached with the keyboard");
}

async fn press(driver: &WebDriver, keys: impl Into<TypingData>) {
    driver.action_chain().send_keys(keys).perform().await.unwrap();
}

async fn heading(driver: &WebDriver, words: &str) {
    let shown = async {
        loop {
            // The heading of a page that is just being left cannot be read.
            if let Ok(heading) = driver.find(By::Css("h1")).await
                && heading.text().await.is_ok_and(|text| text == words)
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let is_shown = tokio::time::timeout(PATIENCE, shown).await.is_ok();
    let source = driver.source().await.unwrap();
    assert!(is_shown, "no page has the heading {words:?}, but this: {source}");
}

/// Signs in with the keyboard; the first field has the focus as soon as the page is there.
async fn sign_in(driver: &WebDriver) {
    heading(driver, "Sign in").await;
    let field = driver.query(By::Css("input[name=name]:focus"));
    field.wait(PATIENCE, Duration::from_millis(50)).first().await.unwrap();
    press(driver, "ada").await;
    tab_to(driver, "Password").await;
    press(driver, PASSWORD).await;
    press(driver, Key::Enter).await;
    heading(driver, "Subscribers").await;
}

/// The page is not wider than the window.
async fn fits(driver: &WebDriver, page: &str) {
    let surplus = driver
        .execute("return document.documentElement.scrollWidth - document.documentElement.clientWidth", vec![])
        .await
        .unwrap();
    assert_eq!(surplus.convert::<i64>().unwrap(), 0, "{page} is wider than the window");
}

/// The whole way, from signing in to the file, without a mouse and in a narrow window.
#[tokio::test(flavor = "multi_thread")]
async fn an_operator_signs_in_finds_a_subscriber_and_exports_the_contacts() {
    let Some(browser) = Browser::start(380, 800).await else { return };
    let place = Place::open().await;
    let driver = &browser.driver;

    driver.goto(&place.url("/")).await.unwrap();
    heading(driver, "Sign in").await;
    fits(driver, "Sign in").await;
    sign_in(driver).await;
    fits(driver, "Subscribers").await;
    tab_to(driver, "Number").await;
    press(driver, ALICE).await;
    press(driver, Key::Enter).await;

    heading(driver, ALICE).await;
    fits(driver, "Subscriber").await;
    tab_to(driver, "See the contacts").await;
    press(driver, Key::Enter).await;
    heading(driver, "Contacts of the card").await;
    fits(driver, "Contacts").await;
    tab_to(driver, "Export as vCard").await;
    press(driver, Key::Enter).await;

    let file = browser.downloaded("contacts.vcf").await;
    assert!(file.contains("BEGIN:VCARD") && file.contains("FN:Zoe Alpha"), "{file}");
    let address = driver.current_url().await.unwrap();
    assert!(!address.as_str().contains("4915"), "an address has a subscriber's number: {address}");
    browser.stop().await;
}

/// `OXISIM_SCREENSHOTS` names a folder for pictures of the pages.
#[tokio::test(flavor = "multi_thread")]
async fn no_page_is_wider_than_the_window_or_refused_by_its_own_policy() {
    let folder = std::env::var_os("OXISIM_SCREENSHOTS").map(std::path::PathBuf::from);
    for width in [360, 1280] {
        let Some(browser) = Browser::start(width, 900).await else { return };
        let place = Place::open().await;
        let driver = &browser.driver;
        driver.goto(&place.url("/login")).await.unwrap();
        if let Some(folder) = &folder {
            driver.screenshot(&folder.join(format!("login-{width}.png"))).await.unwrap();
        }
        sign_in(driver).await;
        let tools = ChromeDevTools::new(driver.handle.clone());
        for (scheme, ground) in [("light", "rgb(247, 248, 247)"), ("dark", "rgb(18, 23, 22)")] {
            let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
            tools.execute_cdp_with_params("Emulation.setEmulatedMedia", media).await.unwrap();
            for page in PAGES {
                driver.goto(&place.page(page)).await.unwrap();
                fits(driver, page).await;
                let has = "return getComputedStyle(document.documentElement).backgroundColor";
                let has = driver.execute(has, vec![]).await.unwrap().convert::<String>().unwrap();
                assert_eq!(has, ground, "{page} has not the colours of {scheme}");
                if let Some(folder) = &folder {
                    let name = format!("{}-{width}-{scheme}.png", page.replace('/', "-"));
                    driver.screenshot(&folder.join(name)).await.unwrap();
                }
            }
        }
        browser.stop().await;
    }
}

/// What has the focus: whether it can be seen, what it is called, and whether it comes after the one before.
const FOCUSED: &str = "
    const e = document.activeElement, before = window.oxisimBefore;
    window.oxisimBefore = e;
    const label = e.labels && e.labels[0] ? e.labels[0].innerText : '';
    const place = e.getBoundingClientRect();
    const follows = !before || (before.compareDocumentPosition(e) & Node.DOCUMENT_POSITION_FOLLOWING) > 0;
    return {
        element: e.tagName, follows,
        name: (e.getAttribute('aria-label') || label || e.innerText || '').trim(),
        seen: place.width > 0 && place.left >= 0 && getComputedStyle(e).outlineStyle !== 'none',
    };";

#[tokio::test(flavor = "multi_thread")]
async fn every_page_is_walked_with_the_keyboard_from_the_skip_link_on() {
    let Some(browser) = Browser::start(360, 800).await else { return };
    let place = Place::open().await;
    let driver = &browser.driver;
    driver.goto(&place.url("/login")).await.unwrap();
    sign_in(driver).await;
    for page in PAGES {
        driver.goto(&place.page(page)).await.unwrap();
        let mut names = Vec::new();
        loop {
            press(driver, Key::Tab).await;
            let focused = driver.execute(FOCUSED, vec![]).await.unwrap().json().clone();
            if focused["element"] == "BODY" || focused["follows"] == false {
                break;
            }
            let name = focused["name"].as_str().unwrap().to_owned();
            assert!(!name.is_empty() && focused["seen"] == true, "{page}: {focused} after {names:?}");
            names.push(name);
            assert!(names.len() < 200, "{page} has no end: {names:?}");
        }
        assert_eq!(names.first().map(String::as_str), Some("Skip to the content"), "{page}");
        let stops = driver.execute(
            "return document.querySelectorAll('a, input:not([type=hidden]), select, \
             button, summary').length",
            vec![],
        );
        let hidden = driver.execute(
            "return document.querySelectorAll('details:not([open]) > :not(summary) \
             :is(a, input:not([type=hidden]), select, button)').length",
            vec![],
        );
        let count = |found: ScriptRet| found.convert::<usize>().unwrap();
        let (stops, hidden) = (count(stops.await.unwrap()), count(hidden.await.unwrap()));
        assert_eq!(names.len(), stops - hidden, "{page}: {names:?}");

        driver.goto(&place.page(page)).await.unwrap();
        press(driver, Key::Tab).await;
        press(driver, Key::Enter).await;
        let at = driver.execute("return document.activeElement.id", vec![]).await.unwrap();
        assert_eq!(at.convert::<String>().unwrap(), "main", "{page}: the skip link leads to the content");
    }
    browser.stop().await;
}
