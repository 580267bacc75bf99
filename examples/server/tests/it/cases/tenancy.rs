use bartizan_server::data::seed::demo_location;
use bartizan_server::domain::workflows::{find, list};
use bartizan_server::domain::{LocationId, WorkflowId};

use crate::world::World;

pub(crate) async fn lists_the_workflows_of_one_location_alone(world: World) {
    let database = world.seeded().await;

    let mut counts = Vec::new();
    for location in ["loc_demo_1", "loc_demo_2", "loc_demo_3", "loc_unknown"] {
        let location: LocationId = location.parse().unwrap();
        let workflows = list(&database, &location).await.unwrap();
        assert!(workflows.iter().all(|workflow| workflow.location_id == location));
        assert!(workflows.is_sorted_by_key(|workflow| workflow.id.clone()));
        counts.push(workflows.len());
    }

    assert_eq!(counts, [34, 33, 33, 0]);
}

pub(crate) async fn finds_a_workflow_in_its_location_alone(world: World) {
    let database = world.seeded().await;
    let other: LocationId = "loc_demo_2".parse().unwrap();
    // The 34th workflow of the first location; the second one has 33.
    let last: WorkflowId = "wf_0033".parse().unwrap();
    let test: WorkflowId = "wf_test".parse().unwrap();

    let found = find(&database, &demo_location(), &last).await.unwrap().unwrap();

    assert_eq!((&found.id, &found.location_id), (&last, &demo_location()));
    assert_eq!(find(&database, &other, &last).await.unwrap(), None);
    for location in [demo_location(), other] {
        let found = find(&database, &location, &test).await.unwrap().unwrap();
        assert_eq!(found.location_id, location);
    }
}

pub(crate) async fn answers_the_first_demo_list_with_about_20_kb(world: World) {
    let database = world.seeded().await;

    let list = list(&database, &demo_location()).await.unwrap();

    let bytes = serde_json::to_vec(&list).unwrap().len();
    assert!((19_000..21_000).contains(&bytes), "{bytes} bytes");
}
