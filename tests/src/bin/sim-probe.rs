//! A stand-in enclave program for the tests of `nitro-sim`: it uses vsock, the NSM and the configuration through the
//! crates and calls that the real program uses, and does what a connection's first line says.

use std::io;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::FileTypeExt as _;

use anyhow::{Context as _, Result, bail};
use aws_nitro_enclaves_nsm_api::api::{Request, Response};
use aws_nitro_enclaves_nsm_api::driver;
use serde_bytes::ByteBuf;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt, BufReader};
use tokio_vsock::{VMADDR_CID_ANY, VsockAddr, VsockListener, VsockStream};

const CONFIG: &str = "/etc/sealroom/enclave.toml";
const PARENT: u32 = 3;

#[tokio::main(flavor = "multi_thread", worker_threads = 4)]
async fn main() -> Result<()> {
    let config = std::fs::read_to_string(CONFIG).context("configuration")?;
    if let Some(code) = config.lines().find_map(|line| line.strip_prefix("# exit ")) {
        std::process::exit(code.parse()?);
    }
    println!("probe: args {} env {}", std::env::args().count(), std::env::vars().count());
    let listener = VsockListener::bind(VsockAddr::new(VMADDR_CID_ANY, 5000))?;
    loop {
        let (stream, peer) = listener.accept().await?;
        tokio::spawn(async move {
            if let Err(error) = serve(stream, peer).await {
                eprintln!("probe: {error:#}");
            }
        });
    }
}

async fn serve(stream: VsockStream, peer: VsockAddr) -> Result<()> {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    stream.read_line(&mut line).await?;
    let words: Vec<&str> = line.split_whitespace().collect();
    let answer = match words.as_slice() {
        ["echo"] => {
            let mut stream = stream;
            loop {
                let bytes = stream.fill_buf().await?.to_vec();
                if bytes.is_empty() {
                    return Ok(AsyncWriteExt::shutdown(stream.get_mut()).await?);
                }
                stream.consume(bytes.len());
                stream.get_mut().write_all(&bytes).await?;
            }
        }
        ["names"] => {
            let (local, remote) = (stream.get_ref().local_addr()?, stream.get_ref().peer_addr()?);
            format!(
                "local {}:{} accepted {}:{} peer {}:{}",
                local.cid(),
                local.port(),
                peer.cid(),
                peer.port(),
                remote.cid(),
                remote.port()
            )
        }
        ["dial", cid, port] => dial(cid.parse()?, port.parse()?).await,
        ["dials", port, count] => many_dials(port.parse()?, count.parse()?).await?,
        ["listen", port] => listen_once(port.parse()?)?,
        ["close-listener", port] => {
            drop(VsockListener::bind(VsockAddr::new(VMADDR_CID_ANY, port.parse()?))?);
            "closed".into()
        }
        ["queue-and-close", port] => return queue_and_close(stream, port.parse()?).await,
        ["signal-self", number] => {
            // SAFETY: no pointers.
            unsafe { libc::raise(number.parse()?) };
            "alive".into()
        }
        ["config"] => tokio::fs::read_to_string(CONFIG).await?,
        ["stat"] => {
            let (config, nsm) = (std::fs::metadata(CONFIG)?, std::fs::metadata("/dev/nsm")?);
            let absent = std::fs::metadata("/etc/sealroom/other.toml").is_err();
            format!("{} {} {} {absent}", config.is_file(), config.len(), nsm.file_type().is_char_device())
        }
        ["write-config"] => format!("{:?}", std::fs::write(CONFIG, "other").unwrap_err().raw_os_error()),
        ["entropy"] => format!("{:?}", add_entropy()?),
        ["not-dumpable"] => {
            // SAFETY: no pointers.
            let result = unsafe { libc::prctl(libc::PR_SET_DUMPABLE, 0) };
            format!("{result} {}", describe(Request::GetRandom)?)
        }
        ["nsm", "through-duplicate"] => through_duplicate()?,
        ["nsm", "oversize"] => oversize()?,
        ["nsm", rest @ ..] => describe(request(rest)?)?,
        ["nsm-load", threads, count] => nsm_load(threads.parse()?, count.parse()?)?,
        other => bail!("no such command: {other:?}"),
    };
    stream.get_mut().write_all(answer.as_bytes()).await?;
    Ok(())
}

async fn dial(cid: u32, port: u32) -> String {
    let talk = async {
        let mut stream = VsockStream::connect(VsockAddr::new(cid, port)).await?;
        let (local, peer) = (stream.local_addr()?, stream.peer_addr()?);
        stream.write_all(b"hello from the enclave").await?;
        stream.shutdown(std::net::Shutdown::Write)?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Ok::<_, io::Error>(format!("{answer} local {} peer {}:{}", local.cid(), peer.cid(), peer.port()))
    };
    talk.await.unwrap_or_else(|error| format!("{:?}", error.kind()))
}

async fn many_dials(port: u32, count: usize) -> Result<String> {
    let dials: Vec<_> = (0..count).map(|_| tokio::spawn(dial(PARENT, port))).collect();
    let mut good = 0;
    for each in dials {
        good += usize::from(each.await?.starts_with("parent"));
    }
    Ok(good.to_string())
}

/// A blocking listener on another thread takes one connection and greets it.
fn listen_once(port: u32) -> Result<String> {
    // SAFETY: plain socket calls; the address is a local of the size given.
    let socket = unsafe {
        let socket = libc::socket(libc::AF_VSOCK, libc::SOCK_STREAM | libc::SOCK_CLOEXEC, 0);
        let mut address: libc::sockaddr_vm = std::mem::zeroed();
        address.svm_family = libc::AF_VSOCK as u16;
        address.svm_cid = VMADDR_CID_ANY;
        address.svm_port = port;
        let bound = libc::bind(socket, (&raw const address).cast(), size_of_val(&address) as u32);
        if bound < 0 || libc::listen(socket, 1) < 0 {
            return Ok(format!("{:?}", io::Error::last_os_error().kind()));
        }
        socket
    };
    std::thread::spawn(move || {
        // SAFETY: null address and length are allowed; the buffer outlives the call.
        unsafe {
            let accepted = libc::accept(socket, std::ptr::null_mut(), std::ptr::null_mut());
            libc::send(accepted, b"greetings".as_ptr().cast(), 9, 0);
            libc::close(accepted);
            libc::close(socket);
        }
    });
    Ok("listening".into())
}

/// Listens, says so, and closes the listener when told to, without ever accepting.
async fn queue_and_close(mut control: BufReader<VsockStream>, port: u32) -> Result<()> {
    let listener = VsockListener::bind(VsockAddr::new(VMADDR_CID_ANY, port))?;
    control.get_mut().write_all(b"listening\n").await?;
    let mut line = String::new();
    control.read_line(&mut line).await?;
    drop(listener);
    Ok(())
}

fn request(words: &[&str]) -> Result<Request> {
    let field = |text: &str| (text != "-").then(|| ByteBuf::from(text.as_bytes()));
    Ok(match words {
        ["describe"] => Request::DescribeNSM,
        ["random"] => Request::GetRandom,
        ["pcr", index] => Request::DescribePCR { index: index.parse()? },
        ["extend", index, data] => Request::ExtendPCR { index: index.parse()?, data: data.as_bytes().to_vec() },
        ["lock", index] => Request::LockPCR { index: index.parse()? },
        ["lock-range", range] => Request::LockPCRs { range: range.parse()? },
        ["attest", public_key, user_data, nonce] => {
            Request::Attestation { public_key: field(public_key), user_data: field(user_data), nonce: field(nonce) }
        }
        other => bail!("no such request: {other:?}"),
    })
}

/// Asks the device through AWS's own driver. Byte strings are answered in hex, the rest as the type prints itself.
fn describe(request: Request) -> Result<String> {
    let device = driver::nsm_init();
    if device < 0 {
        bail!("no NSM");
    }
    let response = driver::nsm_process_request(device, request);
    driver::nsm_exit(device);
    Ok(match response {
        Response::Attestation { document: bytes } | Response::GetRandom { random: bytes } | Response::ExtendPCR { data: bytes } => {
            hex(&bytes)
        }
        Response::DescribePCR { lock, data } => format!("{lock} {}", hex(&data)),
        other => format!("{other:?}"),
    })
}

fn through_duplicate() -> Result<String> {
    let device = driver::nsm_init();
    // SAFETY: no pointers.
    let other = unsafe { libc::dup(device) };
    driver::nsm_exit(device);
    let response = driver::nsm_process_request(other, Request::GetRandom);
    driver::nsm_exit(other);
    match response {
        Response::GetRandom { random } => Ok(random.len().to_string()),
        other => Ok(format!("{other:?}")),
    }
}

/// Over the driver's own check: what the device itself says of a request of 4097 bytes.
fn oversize() -> Result<String> {
    let device = driver::nsm_init();
    let request = [0_u8; 0x1001];
    let mut response = [0_u8; 16];
    let parts = [
        libc::iovec { iov_base: request.as_ptr().cast_mut().cast(), iov_len: request.len() },
        libc::iovec { iov_base: response.as_mut_ptr().cast(), iov_len: response.len() },
    ];
    // SAFETY: the message is two iovecs, whose buffers outlive the call.
    let result = unsafe { libc::ioctl(device, 0xc020_0a00_u32 as _, parts.as_ptr()) };
    let error = io::Error::last_os_error();
    driver::nsm_exit(device);
    Ok(format!("{result} {:?}", error.raw_os_error() == Some(libc::EMSGSIZE)))
}

fn nsm_load(threads: usize, count: usize) -> Result<String> {
    let each = move || (0..count).filter(|_| describe(Request::GetRandom).is_ok_and(|random| random.len() == 512)).count();
    let running: Vec<_> = (0..threads).map(|_| std::thread::spawn(each)).collect();
    let good: usize = running.into_iter().filter_map(|thread| thread.join().ok()).sum();
    Ok(good.to_string())
}

fn add_entropy() -> Result<i32> {
    #[repr(C)]
    struct Pool {
        bits: i32,
        length: i32,
        bytes: [u8; 32],
    }
    let random = std::fs::File::options().write(true).open("/dev/random")?;
    let pool = Pool { bits: 256, length: 32, bytes: [7; 32] };
    // SAFETY: RNDADDENTROPY reads the structure, whose length field is that of its array.
    Ok(unsafe { libc::ioctl(random.as_raw_fd(), 0x4008_5203_u32 as _, &raw const pool) })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
