//! An embedded Git server and small forge for trying and testing.
