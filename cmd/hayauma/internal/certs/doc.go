// Package certs makes and reads the certificates by which the nodes of a fleet know each other.
//
//	DIR/ca.pem       the authority, which every node gets (cluster-ca)
//	DIR/ca-key.pem   its key, which no node gets
//	DIR/NAME.pem     a node's certificate (cluster-cert)
//	DIR/NAME-key.pem its key (cluster-key)
//
// [Make] is for development: keys lie in plain files, nothing can be revoked, and everything ends after a year. All are ECDSA P-256;
// a node's certificate is for both ends of a connection and names the node, the hosts given, and this machine's loopback.
//
// [Load] reads any node's files, whoever made them, and tells at the start what would otherwise be a refused connection later.
//
// On failure: Make never overwrites a file, and removes what it has begun.
package certs
