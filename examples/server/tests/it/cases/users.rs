use bartizan_server::data::seed::demo_location;
use bartizan_server::domain::passwords::Passwords;
use bartizan_server::domain::users::{
    Credentials, Home, LoginInput, RegisterInput, Registration, UserError, register, verify,
};
use bartizan_server::domain::{Tier, accounts};

use crate::world::{NOW, World, number, texts};

fn registration(email: &str) -> Registration {
    let (password, name) = ("correct horse".to_owned(), "Ada".to_owned());
    RegisterInput { email: email.to_owned(), password, name }.try_into().unwrap()
}

fn credentials(email: &str, password: &str) -> Credentials {
    LoginInput { email: email.to_owned(), password: password.to_owned() }.try_into().unwrap()
}

pub(crate) async fn registers_with_a_free_account_and_recognises(world: World) {
    let (database, passwords) = (world.seeded().await, Passwords::default());
    let location = demo_location();

    let registration = registration("ada@example.com");
    let user = register(&database, &passwords, registration, &Home::At(location.clone()), NOW)
        .await
        .unwrap();

    let account = accounts::find(&database, &user.account_id).await.unwrap().unwrap();
    assert_eq!((account.tier, account.location_id), (Tier::Free, location));
    let known = credentials("ADA@example.com", "correct horse");
    assert_eq!(verify(&database, &passwords, known).await.unwrap(), Some(user));
    let stored = texts(&database, "SELECT password_hash AS value FROM users").await;
    assert!(stored[0].starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored:?}");
}

pub(crate) async fn refuses_a_second_registration_of_an_address(world: World) {
    let (database, passwords) = (world.seeded().await, Passwords::default());
    let location = demo_location();
    let count = "SELECT COUNT(*) AS value FROM accounts";

    let first = registration("ada@example.com");
    register(&database, &passwords, first, &Home::At(location.clone()), NOW).await.unwrap();
    let accounts = number(&database, count).await;
    let second = registration(" Ada@Example.com");
    let error = register(&database, &passwords, second, &Home::At(location.clone()), NOW)
        .await
        .unwrap_err();

    let UserError::EmailTaken(source) = error else { panic!("{error:?}") };
    assert_eq!(source.conflicting_constraint(), Some("users_email_key"));
    assert_eq!(number(&database, count).await, accounts);
}

pub(crate) async fn recognises_nobody_by_a_wrong_password(world: World) {
    let (database, passwords) = (world.seeded().await, Passwords::default());
    let ada = registration("ada@example.com");
    register(&database, &passwords, ada, &Home::At(demo_location()), NOW).await.unwrap();

    for (email, password) in
        [("ada@example.com", "wrong horse"), ("nobody@example.com", "correct horse")]
    {
        let claim = credentials(email, password);
        assert_eq!(verify(&database, &passwords, claim).await.unwrap(), None);
    }
}
