// Package codec turns messages into bytes and back: events, snapshots and what travels between members.
//
// A [Registry] maps stable names to Go types. One encoded message is its name (a msgpack string) followed by one msgpack value,
// the body; structs are maps by field name, so that two versions of a program understand each other:
//
//	a field that the reader does not know   is skipped
//	a field that the writer did not know    is zero
//	a message that the reader does not know is refused with an [UnknownError] that names it
//	an old version of a message             is read as the new one, where an [Upcast] says how
//
// A hot message may implement msgpack's CustomEncoder and CustomDecoder; it writes exactly one value. The hottest are an [Appender] and a
// [Cutter], without any encoder in between: one of 100 bytes is written and read for one allocation, its own.
//
// A frame is a length (unsigned varint) and that many bytes.
//
// Before anything is decoded the bytes are walked once: nesting beyond [MaxDepth], a body over [MaxBody] and a declared length
// that the input cannot hold are refused, so that input of n bytes makes the decoder allocate in proportion to n. No input panics:
// a panic of a message's own decoder is returned as an error.
package codec
