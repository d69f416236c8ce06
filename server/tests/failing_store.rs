//! A store that fails, and is then well again.

#![expect(clippy::expect_used, reason = "unexpected data is a broken test")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::body::{Body, to_bytes};
use axum::http::{Request, Response};
use serde_json::Value;
use tower_service::Service;
use volcano_job_server::JobServer;
use volcano_job_server::store::{
    Answer, History, Key, MemoryStore, Page, Query, Store, StoreError, StoredJob, Write,
};

/// A store in memory that fails as long as it is told to.
#[derive(Debug)]
struct Fallible {
    store: MemoryStore,
    fails: AtomicBool,
}

impl Fallible {
    fn check(&self) -> Result<(), StoreError> {
        if self.fails.load(Ordering::Relaxed) {
            return Err(StoreError::Failed("no space left on device".into()));
        }
        Ok(())
    }
}

impl Store for Fallible {
    fn get<'s>(&'s self, key: &'s Key) -> Answer<'s, Option<StoredJob>> {
        Box::pin(async {
            self.check()?;
            self.store.get(key).await
        })
    }

    fn list<'s>(&'s self, query: &'s Query) -> Answer<'s, Page> {
        Box::pin(async {
            self.check()?;
            self.store.list(query).await
        })
    }

    fn write(&self, write: Write) -> Answer<'_, Option<u64>> {
        Box::pin(async {
            self.check()?;
            self.store.write(write).await
        })
    }

    fn history(&self) -> &Arc<History> {
        self.store.history()
    }
}

async fn body(response: Response<Body>) -> Value {
    let bytes = to_bytes(response.into_body(), 1 << 20).await.expect("a body");
    serde_json::from_slice(&bytes).expect("JSON")
}

#[tokio::test]
async fn failure_of_the_store_is_500_until_it_is_well_again() {
    let store = Arc::new(Fallible { store: MemoryStore::new(), fails: AtomicBool::new(true) });
    let server = JobServer::builder(Arc::clone(&store) as Arc<dyn Store>).build();
    let jobs = "/apis/batch.volcano.sh/v1alpha1/namespaces/default/jobs";
    let get = async |path: String| {
        let request = Request::get(path).body(Body::empty()).expect("a request");
        let Ok(response) = server.clone().call(request).await;
        (response.status().as_u16(), body(response).await)
    };
    for path in [jobs.to_owned(), format!("{jobs}/a")] {
        let (code, status) = get(path).await;
        assert_eq!((code, &status["reason"]), (500, &Value::from("InternalError")));
        let message = "Internal error occurred: no space left on device";
        assert_eq!(status["message"], message);
    }
    let request = Request::get("/readyz").body(Body::empty()).expect("a request");
    let Ok(response) = server.clone().call(request).await;
    assert_eq!(response.status().as_u16(), 500, "it is not ready");
    store.fails.store(false, Ordering::Relaxed);
    assert_eq!(get(jobs.to_owned()).await.0, 200);
    assert_eq!(get(format!("{jobs}/a")).await.0, 404);
}
