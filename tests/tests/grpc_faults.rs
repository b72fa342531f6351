//! Faults of single requests between a client and a server of gRPC that aren't ours: tonic's.

use chaos_runtime::bench::{self, Network};
use chaos_runtime::fault::http::GrpcCode;
use chaos_runtime::fault::{Fault, InjectCx};
use chaos_runtime::prelude::*;
use chaos_runtime::proxy::HttpProxy;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;
use tonic::body::Body;
use tonic::codegen::http as wire;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::codegen::tokio_stream::{self, Stream, StreamExt};
use tonic::codegen::{BoxFuture, Context, Poll, Service};
use tonic::server::{NamedService, ServerStreamingService, UnaryService};
use tonic::transport::{Channel, Server};
use tonic::{Code, Request, Response, Status};
use tonic_prost::ProstCodec;

/// A message, and how many are wanted in return.
#[derive(Clone, PartialEq, prost::Message)]
struct Note {
    #[prost(string, tag = "1")]
    text: String,
    #[prost(uint32, tag = "2")]
    count: u32,
}

type Codec = ProstCodec<Note, Note>;
type Notes = std::pin::Pin<Box<dyn Stream<Item = Result<Note, Status>> + Send>>;

/// `Say` sends a note back, or fails with its text; `Count` streams as many as wanted, then fails if there is a text.
#[derive(Clone, Default)]
struct Echo(Arc<AtomicU64>);

impl NamedService for Echo {
    const NAME: &'static str = "test.Echo";
}

impl UnaryService<Note> for Echo {
    type Response = Note;
    type Future = BoxFuture<Response<Note>, Status>;

    fn call(&mut self, request: Request<Note>) -> Self::Future {
        self.0.fetch_add(1, Ordering::SeqCst);
        let note = request.into_inner();
        Box::pin(async move {
            if note.text == "fail" {
                return Err(Status::already_exists("50 % naïve"));
            }
            let mut answer = Response::new(note);
            answer.metadata_mut().insert("x-service", "real".parse().unwrap());
            Ok(answer)
        })
    }
}

impl ServerStreamingService<Note> for Echo {
    type Response = Note;
    type ResponseStream = Notes;
    type Future = BoxFuture<Response<Notes>, Status>;

    fn call(&mut self, request: Request<Note>) -> Self::Future {
        self.0.fetch_add(1, Ordering::SeqCst);
        let Note { text, count } = request.into_inner();
        let notes = (0..count).map(|count| Ok(Note { text: "x".repeat(1_000), count }));
        let end = (!text.is_empty()).then(|| Err(Status::data_loss(text)));
        let notes: Notes = Box::pin(tokio_stream::iter(notes.chain(end)));
        Box::pin(async move { Ok(Response::new(notes)) })
    }
}

impl Service<wire::Request<Body>> for Echo {
    type Response = wire::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Self::Response, Infallible>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: wire::Request<Body>) -> Self::Future {
        let service = self.clone();
        Box::pin(async move {
            let mut grpc = tonic::server::Grpc::new(Codec::default());
            Ok(match request.uri().path() {
                "/test.Echo/Say" => grpc.unary(service, request).await,
                "/test.Echo/Count" => grpc.server_streaming(service, request).await,
                _ => Status::unimplemented("no such method").into_http(),
            })
        })
    }
}

struct Bed {
    _network: Network,
    proxy: HttpProxy,
    client: tonic::client::Grpc<Channel>,
    served: Arc<AtomicU64>,
}

impl Bed {
    async fn new() -> Self {
        let (service, addr) = (Echo::default(), free());
        let served = service.0.clone();
        tokio::spawn(Server::builder().add_service(service).serve(addr));
        let network = Network::default();
        let proxy = network.http_proxy(addr).await.unwrap();
        let started = Instant::now();
        let channel = loop {
            // Through the proxy even a service that is not up yet accepts; a direct attempt tells.
            match Channel::from_shared(format!("http://{addr}")).unwrap().connect().await {
                Ok(_) => break Channel::from_shared(proxy.url("/")).unwrap().connect().await.unwrap(),
                Err(error) => assert!(started.elapsed() < secs(60), "{error}"),
            }
            tokio::time::sleep(millis(20)).await;
        };
        Self { _network: network, proxy, client: tonic::client::Grpc::new(channel), served }
    }

    async fn say(&self, text: &str) -> Result<Response<Note>, Status> {
        let mut client = self.client.clone();
        client.ready().await.map_err(|error| Status::internal(error.to_string()))?;
        let path = PathAndQuery::from_static("/test.Echo/Say");
        let call = client.unary(Request::new(Note { text: text.into(), count: 7 }), path, Codec::default());
        tokio::time::timeout(secs(60), call).await.expect("the call hangs")
    }

    /// The numbers of the notes of a stream, and how it ended.
    async fn count(&self, text: &str, count: u32) -> (Vec<u32>, Option<Status>) {
        let mut client = self.client.clone();
        client.ready().await.unwrap();
        let path = PathAndQuery::from_static("/test.Echo/Count");
        let request = Request::new(Note { text: text.into(), count });
        let mut stream = match client.server_streaming(request, path, Codec::default()).await {
            Ok(answer) => answer.into_inner(),
            Err(status) => return (Vec::new(), Some(status)),
        };
        let mut numbers = Vec::new();
        loop {
            match tokio::time::timeout(secs(60), stream.next()).await.expect("the stream hangs") {
                Some(Ok(note)) => {
                    assert_eq!(note.text, "x".repeat(1_000));
                    numbers.push(note.count);
                }
                Some(Err(status)) => return (numbers, Some(status)),
                None => return (numbers, None),
            }
        }
    }
}

fn free() -> SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

async fn hold(fault: &mut impl Fault) -> Undo {
    let cx = InjectCx::new(42, true, Some(secs(60)));
    fault.prepare(&cx).await.unwrap();
    let undo = fault.undo();
    fault.inject(&cx).await.unwrap();
    undo
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_fault_messages_metadata_status_and_trailers_pass() {
    let bed = Bed::new().await;
    for _ in 0..100 {
        let answer = bed.say("hello").await.unwrap();
        assert_eq!(answer.metadata().get("x-service").unwrap(), "real");
        assert_eq!(answer.into_inner(), Note { text: "hello".into(), count: 7 });
    }
    let failed = bed.say("fail").await.unwrap_err();
    assert_eq!((failed.code(), failed.message()), (Code::AlreadyExists, "50 % naïve"));
    let (numbers, end) = bed.count("", 20_000).await;
    assert_eq!(numbers, (0..20_000).collect::<Vec<_>>());
    assert!(end.is_none());
    let (numbers, end) = bed.count("torn", 5).await;
    let end = end.unwrap();
    assert_eq!((numbers.len(), end.code(), end.message()), (5, Code::DataLoss, "torn"));
    let together = futures(&bed).await;
    assert_eq!(together, 64, "on one connection at once");
}

/// How many of 64 calls at once succeed.
async fn futures(bed: &Bed) -> usize {
    let calls: Vec<_> = (0..64).map(|i| (i, bed.client.clone())).collect();
    let mut tasks = tokio::task::JoinSet::new();
    for (i, mut client) in calls {
        tasks.spawn(async move {
            client.ready().await.unwrap();
            let note = Note { text: "n".repeat(i), count: 0 };
            let path = PathAndQuery::from_static("/test.Echo/Say");
            client
                .unary(Request::new(note.clone()), path, Codec::default())
                .await
                .is_ok_and(|back| *back.get_ref() == note)
        });
    }
    tasks.join_all().await.into_iter().filter(|good| *good).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_fail_with_the_status_that_was_asked_for_and_the_service_gets_none() {
    let bed = Bed::new().await;
    let mut fault = bed.proxy.grpc_status(GrpcCode::Unavailable).message("50 % naïve").on_path("/test.Echo/Say");
    let undo = hold(&mut fault).await;
    for _ in 0..10 {
        let status = bed.say("hello").await.unwrap_err();
        assert_eq!((status.code(), status.message()), (Code::Unavailable, "50 % naïve"));
    }
    assert_eq!(bed.served.load(Ordering::SeqCst), 0);
    assert_eq!(bed.count("", 3).await.0, [0, 1, 2], "the other method is left alone");
    let evidence = fault.evidence().await.unwrap();
    assert_eq!(evidence.text(), "10 of 11 requests answered with gRPC status 14 (Unavailable), 10 matched");
    bench::clear(&undo).await.unwrap();
    bed.say("hello").await.unwrap();

    let undo = hold(&mut bed.proxy.grpc_status(GrpcCode::ResourceExhausted)).await;
    let (numbers, end) = bed.count("", 3).await;
    assert_eq!((numbers.len(), end.unwrap().code()), (0, Code::ResourceExhausted));
    bench::clear(&undo).await.unwrap();
    // As a gateway fails, which knows nothing of gRPC (gRPC, "HTTP to gRPC Status Code Mapping").
    let _undo = hold(&mut bed.proxy.abort(503)).await;
    assert_eq!(bed.say("hello").await.unwrap_err().code(), Code::Unavailable);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_in_its_midst_and_others_go_on() {
    let bed = Bed::new().await;
    // A note is 1,010 bytes or so, with its frame of 5.
    let mut fault = bed.proxy.cut_body(10_000).on_path("/test.Echo/Count");
    let undo = hold(&mut fault).await;
    let ((numbers, end), said) = tokio::join!(bed.count("", 5_000), bed.say("meanwhile"));
    assert_eq!(numbers, (0..9).collect::<Vec<_>>());
    assert_eq!(end.unwrap().code(), Code::Internal);
    said.unwrap();
    assert_eq!(fault.evidence().await.unwrap().hits(), Some(1));
    bench::clear(&undo).await.unwrap();
    assert_eq!(bed.count("", 50).await.0.len(), 50, "the connection has survived");

    let _undo = hold(&mut bed.proxy.http_delay(millis(400)).of_answers()).await;
    let started = Instant::now();
    bed.say("late").await.unwrap();
    assert!(started.elapsed() >= millis(400), "{:?}", started.elapsed());
}
