use std::collections::BTreeSet;

use serde_json::json;

use super::members;
use crate::http::client::Client;
use crate::world::World;

pub(crate) async fn pages_through_the_leads_newest_first(world: World) {
    let client = Client::new(&world).await;

    let mut ids = BTreeSet::new();
    let mut created = Vec::new();
    for (page, count) in [(1, 20), (2, 20), (3, 5), (4, 0)] {
        let answer = client.get(&format!("/api/leads?page={page}&limit=20")).await;
        assert_eq!(answer.status, 200);
        let json = answer.json();
        assert_eq!(members(&json), ["data", "pagination", "success"]);
        assert_eq!(json["success"], true);
        let pagination = json!({"page": page, "limit": 20, "total": 45, "totalPages": 3});
        assert_eq!(json["pagination"], pagination);
        let leads = json["data"].as_array().unwrap();
        assert_eq!(leads.len(), count);
        for lead in leads {
            assert_eq!(
                members(lead),
                ["company", "createdAt", "email", "id", "name", "phone", "source", "status"]
            );
            ids.insert(lead["id"].as_str().unwrap().to_owned());
            created.push(lead["createdAt"].as_str().unwrap().to_owned());
        }
    }
    assert_eq!(ids.len(), 45);
    assert!(created.is_sorted_by(|newer, older| newer >= older));

    let first = client.get("/api/leads?page=1&limit=20").await.body;
    assert_eq!(client.get("/api/leads").await.body, first);
    let lost = client.get("/api/leads?status=lost&limit=100").await.json();
    let leads = lost["data"].as_array().unwrap();
    assert!(!leads.is_empty());
    assert!(leads.iter().all(|lead| lead["status"] == "lost"));
    assert_eq!(lost["pagination"]["total"], leads.len());
}

pub(crate) async fn bounds_the_pages(world: World) {
    const LIMIT: &str = "a number from 1 to 100";
    const PAGE: &str = "from 1 to where the 10,000th lead is";
    const STATUS: &str = "one of new, contacted, qualified, converted, lost";
    let client = Client::new(&world).await;
    for (query, field, expected) in [
        ("limit=0", "limit", LIMIT),
        ("limit=101", "limit", LIMIT),
        ("page=0", "page", PAGE),
        ("page=102&limit=100", "page", PAGE),
        ("page=4294967295&limit=100", "page", PAGE),
        ("status=gone", "status", STATUS),
        ("status=", "status", STATUS),
    ] {
        client.get(&format!("/api/leads?{query}")).await.assert_invalid(field, expected);
    }
    assert_eq!(client.get("/api/leads?page=101&limit=100").await.status, 200);
    for (query, message) in [
        ("page=first", "Failed to deserialize query string: page: invalid digit found in string"),
        ("limit=-1", "Failed to deserialize query string: limit: invalid digit found in string"),
        ("page=1&page=2", "Failed to deserialize query string: duplicate field `page`"),
    ] {
        let answer = client.get(&format!("/api/leads?{query}")).await;
        answer.assert_error(400, "MALFORMED_QUERY", message);
    }
}

pub(crate) async fn takes_a_lead_from_anybody(world: World) {
    let client = Client::new(&world).await;

    let input = json!({
        "name": " Zoë Ångström ", "email": "Zoe@Example.COM", "phone": "+46 8 555 010",
    });
    let answer = client.post("/api/leads", &input).await;

    assert_eq!(answer.status, 201);
    let lead = answer.data();
    let expected = json!({
        "id": lead["id"],
        "name": "Zoë Ångström",
        "email": "zoe@example.com",
        "company": null,
        "phone": "+46 8 555 010",
        "source": null,
        "status": "new",
        "createdAt": lead["createdAt"],
    });
    assert_eq!(lead, expected);
    assert!(lead["id"].as_str().unwrap().starts_with("lead_"));
    let listed = client.get("/api/leads?status=new").await.json();
    assert!(listed["data"].as_array().unwrap().contains(&lead));
}

pub(crate) async fn names_the_field_of_a_lead_that_has_to_be_mended(world: World) {
    let client = Client::new(&world).await;
    for (field, value, expected) in [
        ("name", " ", "1 to 120 characters on one line"),
        ("email", "ada", "a mail address such as ada@example.com"),
        ("phone", "call me", "a number such as +1 555 0100"),
        ("company", "two\nlines", "at most 120 characters on a line"),
        ("source", &"x".repeat(65), "at most 64 characters on one line"),
    ] {
        let mut input = json!({"name": "Ada", "email": "ada@example.com"});
        input[field] = value.into();
        client.post("/api/leads", &input).await.assert_invalid(field, expected);
    }
    assert_eq!(client.get("/api/leads").await.json()["pagination"]["total"], 45);
}
