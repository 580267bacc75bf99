//! `Max-Forwards` bounds `TRACE` and `OPTIONS` (RFC 9110, section 7.6.2).

use crate::support::{echo, start, values};

#[tokio::test]
async fn each_hop_is_counted() {
    let gateway = start(echo().await, "").await;
    for (given, passed) in [("10", "9"), ("1", "0"), ("007", "6")] {
        for method in ["OPTIONS", "TRACE"] {
            let request =
                format!("{method} / HTTP/1.1\r\nHost: a\r\nMax-Forwards: {given}\r\n\r\n");
            assert_eq!(values(gateway.ask(&request).await.text(), "max-forwards"), [passed]);
        }
    }
    // Of other methods it is the upstream's affair, and what is no number is nobody's.
    for request in [
        "GET / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\n\r\n",
        "OPTIONS / HTTP/1.1\r\nHost: a\r\nMax-Forwards: x\r\n\r\n",
    ] {
        assert_eq!(values(gateway.ask(request).await.text(), "max-forwards").len(), 1);
    }
}

#[tokio::test]
async fn the_last_hop_answers_and_shows_no_secret() {
    let customer = "limits.api_key_header = \"x-customer\"\nlimits.tiers = [{ name = \"a\" }]";
    for (settings, key) in [("", "X-Api-Key"), (customer, "X-Customer")] {
        let gateway = start(echo().await, settings).await;
        let answer = gateway
            .ask(&format!(
                "TRACE /t HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\nCookie: secret\r\n\
                 Authorization: secret\r\n{key}: secret\r\nX-Shown: shown\r\n\r\n"
            ))
            .await;
        assert_eq!((answer.status, answer.header("content-type")), (200, Some("message/http")));
        let text = answer.text();
        assert!(text.starts_with("TRACE /t HTTP/1.1\r\n"), "{text}");
        assert_eq!(values(text, "x-shown"), ["shown"]);
        assert!(!text.contains("secret"), "{text}");
    }

    let gateway = start(echo().await, "").await;
    let answer = gateway.ask("OPTIONS / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\n\r\n").await;
    assert_eq!((answer.status, answer.text()), (200, ""));
}
