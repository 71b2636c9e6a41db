// Package payload is what every system carries between the two processes: a body of 100 bytes.
//
//	| 8 bytes sequence number | 1 byte kind | 91 bytes that are always the same |
//
// The 91 bytes look random, so that a system which compresses gains nothing a real body of that size would not give it, and a body that
// arrives empty, cut or changed is recognised: [Parse] refuses it. Systems that carry protobuf carry the body in the well-known
// google.protobuf.BytesValue.
package payload
