//! supervisord: its XML-RPC interface and its event listener protocol.

pub mod listener;
mod rpc;

pub use rpc::{RpcError, Supervisor};
