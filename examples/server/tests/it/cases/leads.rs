use std::collections::BTreeSet;

use bartizan_server::data::seed::SeedSize;
use bartizan_server::domain::Limit;
use bartizan_server::domain::leads::{
    Lead, LeadQuery, LeadStatus, NewLead, NewLeadInput, Pagination, create, list,
};

use crate::world::{NOW, World, number};

pub(crate) async fn pages_through_all_of_them_newest_first(world: World) {
    let size = SeedSize { leads: 130, ..SeedSize::default() };
    let database = world.seeded_with(size).await;
    let limit = Limit::new(50).unwrap();

    let mut leads: Vec<Lead> = Vec::new();
    for page in 1..=4 {
        let answer = list(&database, LeadQuery::new(page, limit, None).unwrap()).await.unwrap();
        assert_eq!(answer.pagination, Pagination { page, limit, total: 130, total_pages: 3 });
        leads.extend(answer.leads);
    }

    assert!(leads.is_sorted_by(|a, b| (a.created_at, &a.id) > (b.created_at, &b.id)));
    assert_eq!(leads.iter().map(|lead| &lead.id).collect::<BTreeSet<_>>().len(), 130);
}

pub(crate) async fn counts_and_lists_one_status(world: World) {
    let database = world.seeded().await;
    let lost = "SELECT COUNT(*) AS value FROM leads WHERE status = 'lost'";
    let lost = u64::try_from(number(&database, lost).await).unwrap();

    let query = LeadQuery::new(1, Limit::MAX, Some(LeadStatus::Lost)).unwrap();
    let answer = list(&database, query).await.unwrap();

    assert!((50..150).contains(&lost), "a fifth of 500 leads, not {lost}");
    assert_eq!(answer.pagination.total, lost);
    assert_eq!(answer.leads.len() as u64, lost.min(100));
    assert!(answer.leads.iter().all(|lead| lead.status == LeadStatus::Lost));
}

pub(crate) async fn puts_a_new_lead_on_the_first_page(world: World) {
    let database = world.seeded().await;
    let input = NewLeadInput {
        name: " Zoë Ångström ".to_owned(),
        email: "Zoe@Example.COM".to_owned(),
        company: None,
        phone: Some("+46 8 555 010".to_owned()),
        source: Some(String::new()),
    };

    let created = create(&database, NewLead::try_from(input).unwrap(), NOW).await.unwrap();

    let query = LeadQuery::new(1, Limit::default(), Some(LeadStatus::New)).unwrap();
    let answer = list(&database, query).await.unwrap();
    assert_eq!(answer.leads[0], created);
    let wire = serde_json::to_value(&created).unwrap();
    let expected = serde_json::json!({
        "id": created.id.as_str(),
        "name": "Zoë Ångström",
        "email": "zoe@example.com",
        "company": null,
        "phone": "+46 8 555 010",
        "source": null,
        "status": "new",
        "createdAt": "2026-11-20T00:00:00Z",
    });
    assert_eq!(wire, expected);
}
