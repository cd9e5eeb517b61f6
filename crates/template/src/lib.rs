//! Go text/template and Sprig: a compiler and a VM.
