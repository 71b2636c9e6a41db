// Package lineapi holds requests, answers and messages against LINE's published OpenAPI file. Tests import it, nothing else does.
//
// The file isn't part of this project: tests find it by the environment variable LINE_OPENAPI and skip without it, saying so. Stock
// validation of it lets a text message without text pass, because its polymorphism stands in discriminators only. So every schema with
// a discriminator becomes the oneOf of its mapping, over a copy of its own fields that the variants then refer to, and "uuid" gets a format:
//
//	Message {fields, discriminator}      Message     {oneOf: [TextMessage, …], discriminator}
//	TextMessage {allOf: [Message, …]}  → TextMessage {allOf: [MessageBase, …]}
//	                                     MessageBase {fields}
package lineapi
