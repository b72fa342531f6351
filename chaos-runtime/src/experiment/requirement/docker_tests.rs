use super::*;
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::time::Instant;

/// As long as a test machine may take at its worst, where something is expected; and short, where nothing is.
const PATIENT: Patience = Patience { connect: Duration::from_secs(60), answer: Duration::from_secs(60) };
const SHORT: Duration = Duration::from_millis(300);
/// What is bounded ends long before this, on the slowest machine.
const BOUND: Duration = Duration::from_secs(20);
const BOTH: [bool; 2] = [true, false];

fn at(host: &str) -> Environment {
    Environment { host: Some(host.to_owned()), ..Environment::default() }
}

/// Something that listens, over a socket or over TCP: takes one connection, reads a request and answers this.
struct Planted {
    _dir: tempfile::TempDir,
    host: String,
}

impl Planted {
    fn answering(unix: bool, answer: &'static [u8]) -> Self {
        fn serve(mut stream: impl Read + Write, answer: &[u8]) {
            let mut request = [0; 256];
            let read = stream.read(&mut request).unwrap();
            assert!(request[..read].starts_with(b"GET /_ping HTTP/1.1\r\nHost: "), "{:?}", &request[..read]);
            stream.write_all(answer).unwrap();
        }
        let dir = tempfile::tempdir().unwrap();
        let host = if unix {
            let path = dir.path().join("docker.sock");
            let listener = UnixListener::bind(&path).unwrap();
            thread::spawn(move || serve(listener.accept().unwrap().0, answer));
            format!("unix://{}", path.display())
        } else {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let host = format!("tcp://{}", listener.local_addr().unwrap());
            thread::spawn(move || serve(listener.accept().unwrap().0, answer));
            host
        };
        Self { _dir: dir, host }
    }
}

/// A socket that has an address and does not listen.
fn bound(domain: socket2::Domain, address: &socket2::SockAddr) -> socket2::Socket {
    let socket = socket2::Socket::new(domain, socket2::Type::STREAM, None).unwrap();
    socket.bind(address).unwrap();
    socket
}

fn told(environment: &Environment, patience: Patience) -> (String, String) {
    let Missing { message, help } = environment.missing(patience).expect("there is no engine");
    let why = message.strip_prefix("requires a Docker engine, but ").expect(&message).to_owned();
    (why, help)
}

#[test]
fn an_engine_that_answers_is_there() {
    for unix in BOTH {
        let engine = Planted::answering(unix, b"HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\n\r\nOK");
        assert_eq!(at(&engine.host).missing(PATIENT), None, "{}", engine.host);
        let engine = Planted::answering(unix, b"HTTP/1.0 200 OK\r\n\r\n");
        assert_eq!(at(&engine.host).missing(PATIENT), None, "{}", engine.host);
    }
}

#[test]
fn nothing_that_listens_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("docker.sock");
    let host = format!("unix://{}", path.display());
    let (why, help) = told(&at(&host), PATIENT);
    assert!(why.starts_with(&format!("nothing listens at {host}: ")) && help == START, "{why}");
    // A socket that an engine has left behind. Of one that had listened, a process that another test is just starting
    // might have a copy.
    drop(bound(socket2::Domain::UNIX, &socket2::SockAddr::unix(&path).unwrap()));
    let (why, _) = told(&at(&host), PATIENT);
    assert!(why.starts_with(&format!("nothing listens at {host}: ")) && why.contains("refused"), "{why}");
    // Nobody else is given the port meanwhile.
    let silent = bound(socket2::Domain::IPV4, &std::net::SocketAddr::from(([127, 0, 0, 1], 0)).into());
    let free = silent.local_addr().unwrap().as_socket().unwrap();
    let (why, _) = told(&at(&format!("tcp://{free}")), PATIENT);
    assert!(why.starts_with(&format!("nothing listens at tcp://{free}: ")), "{why}");
    let (why, _) = told(&at("tcp://no-such-host.invalid:2375"), PATIENT);
    assert!(why.starts_with("nothing listens at tcp://no-such-host.invalid:2375: "), "{why}");
}

#[test]
fn one_that_takes_the_connection_and_is_silent_costs_a_bounded_time() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("docker.sock");
    let unix = UnixListener::bind(&path).unwrap();
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let hosts = [format!("unix://{}", path.display()), format!("tcp://{}", tcp.local_addr().unwrap())];
    for host in hosts {
        let started = Instant::now();
        let (why, help) = told(&at(&host), Patience { answer: SHORT, ..PATIENT });
        assert_eq!(why, format!("the one at {host} does not answer within 0.3 s"));
        assert!(help.contains("docker info") && started.elapsed() >= SHORT, "{help}");
        assert!(started.elapsed() < BOUND, "{:?}", started.elapsed());
    }
    drop(unix);
}

/// A listener whose queue is full makes `connect` wait for as long as it stays so.
#[test]
#[cfg(target_os = "linux")]
fn one_that_takes_no_connection_costs_a_bounded_time() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("docker.sock");
    let socket = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None).unwrap();
    let address = socket2::SockAddr::unix(&path).unwrap();
    socket.bind(&address).unwrap();
    socket.listen(0).unwrap();
    let mut queued = Vec::new();
    loop {
        let client = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None).unwrap();
        client.set_nonblocking(true).unwrap();
        match client.connect(&address) {
            Ok(()) => queued.push(client),
            Err(error) => break assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}"),
        }
    }
    let host = format!("unix://{}", path.display());
    let started = Instant::now();
    let (why, help) = told(&at(&host), Patience { connect: SHORT, ..PATIENT });
    assert!(started.elapsed() < BOUND, "{:?}", started.elapsed());
    assert_eq!((why, help), (format!("nobody takes a connection at {host} within 0.3 s"), START.to_owned()));
}

#[test]
fn what_is_no_engine_is_said_with_what_it_answers() {
    for unix in BOTH {
        for (answer, expected) in [
            (&b"HTTP/1.1 404 Not Found\r\n\r\nno such page\nmore"[..], "HTTP/1.1 404 Not Found no such page"),
            (b"HTTP/1.1 500 Internal Server Error\r\n\r\n", "HTTP/1.1 500 Internal Server Error"),
            (b"-ERR unknown command\r\n", "-ERR unknown command"),
            (b"HTTP/1.1 2000 Odd\r\n\r\n", "HTTP/1.1 2000 Odd"),
        ] {
            let planted = Planted::answering(unix, answer);
            let (why, help) = told(&at(&planted.host), PATIENT);
            assert_eq!(why, format!("what listens at {} does not answer as one: `{expected}`", planted.host));
            assert_eq!(help, "point DOCKER_HOST at an engine that works");
        }
        let planted = Planted::answering(unix, b"");
        let (why, _) = told(&at(&planted.host), PATIENT);
        assert!(
            why.starts_with(&format!("the connection to {} ends before there is an answer: ", planted.host)),
            "{why}"
        );
    }
}

#[test]
fn one_that_wants_tls_is_said_and_with_tls_only_connected_to() {
    const REFUSAL: &[u8] = b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";
    let planted = Planted::answering(false, REFUSAL);
    let (why, help) = told(&at(&planted.host), PATIENT);
    assert!(why.starts_with(&format!("the one at {} wants TLS", planted.host)), "{why}");
    assert!(help.starts_with("set DOCKER_TLS_VERIFY=1"), "{help}");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = format!("tcp://{}", listener.local_addr().unwrap());
    assert_eq!(Environment { tls_verify: true, ..at(&host) }.missing(PATIENT), None);
    assert_eq!(at(&host.replace("tcp", "https")).missing(PATIENT), None);
}

#[test]
fn what_can_not_be_an_engines_address_is_said() {
    for (host, why) in [
        ("", "is no address"),
        ("localhost:2375", "is no address"),
        ("ssh://ann@build", "can't be reached from here"),
        ("tcp://h:port", "has a port that is none"),
        ("tcp://:2375", "names no host"),
    ] {
        let (told, help) = told(&at(host), PATIENT);
        assert_eq!(told, format!("DOCKER_HOST={host} {why}"));
        assert!(help.starts_with("set it to unix:///"), "{help}");
    }
    let address = |host: &str| match at(host).address(host) {
        Ok(Address::Tcp { name, port, .. }) => (name, port),
        _ => panic!("{host}"),
    };
    assert_eq!(address("tcp://[::1]:2375"), ("::1".to_owned(), 2375));
    assert_eq!(address("tcp://[::1]"), ("::1".to_owned(), 80));
    assert_eq!(address("http://h:1/v1.41"), ("h".to_owned(), 1));
    assert_eq!(address("https://h"), ("h".to_owned(), 443));
}

/// The order of testcontainers' `docker_host`.
#[test]
fn without_docker_host_rootless_engines_are_looked_for_too() {
    let (run, home) = (PathBuf::from("/run/user/1000"), PathBuf::from("/users/ann"));
    let environment = Environment { runtime_dir: Some(run), home: Some(home), ..Environment::default() };
    let expected = [
        "/var/run/docker.sock",
        "/run/user/1000/.docker/run/docker.sock",
        "/users/ann/.docker/run/docker.sock",
        "/users/ann/.docker/desktop/docker.sock",
    ];
    assert_eq!(environment.sockets(), expected.map(PathBuf::from));
    assert_eq!(Environment::default().sockets(), [PathBuf::from(DEFAULT)]);
}

#[test]
fn permission_that_is_missing_names_the_group() {
    let trouble = Trouble::NoConnection(ErrorKind::PermissionDenied.into());
    let Missing { message, help } = trouble.told("unix:///var/run/docker.sock", PATIENCE);
    let why = "requires a Docker engine, but this user may not use the one at unix:///var/run/docker.sock: permission";
    assert!(message.starts_with(why) && help.contains("group `docker`"), "{message}\n{help}");
}
