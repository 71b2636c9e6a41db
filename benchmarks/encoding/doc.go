// Package encoding measures how messages become bytes and are read again: this program's codec beside protobuf and encoding/json.
//
// # What is measured
//
// Two messages, the same content for all. small is what a poster tells its checker about one path ([actors.Report]): the size of a
// question or an answer between actors. outcomes is one record of a checker's journal ([checker.Settled]) with as many outcomes as
// a checker packs, 500: the bulk of what this program stores.
//
// Encoding writes into memory that is used again, and puts the length before the bytes, so that a stream of them can be cut; JSON
// ends with a line feed instead. Decoding makes a new message each time that shares no memory with the bytes.
//
// # What is not like for like
//
// Ours writes which message it is, looks that up when it reads, sends structs as maps with their fields' names, so that versions
// understand each other without a schema, and walks all bytes once before it decodes them. Protobuf and JSON are given the type,
// so they neither write nor look up a name; protobuf's messages are structs of their own, and what it costs to copy values into them
// and out of them is not charged.
//
// # Promises
//
// Before anything is measured the message is encoded, decoded and compared. Allocations are counted in a pass of their own, with one
// processor and no garbage collector, so they are the same on every machine.
package encoding
