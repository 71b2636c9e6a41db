// Package canon reads JSON once and cheaply, and writes it in canonical form (RFC 8785, JCS).
//
// It accepts I-JSON only (RFC 7493): valid UTF-8, no lone surrogates, no duplicate names in what it canonicalises, numbers that
// fit a double. Two texts have the same canonical form exactly if they mean the same value, so the SHA-256 of the form names a
// body whatever its spacing, escapes and order of names.
//
//	object   names sorted by UTF-16 code units, no white space
//	string   shortest escapes: \b \t \n \f \r \" \\, \u00xx below U+0020, everything else as it is
//	number   ECMAScript's Number.toString: 1e21, 0.000001, -0 becomes 0
//
// A Reader never panics and never recurses deeper than MaxDepth; what it can't read is a *SyntaxError with the byte's offset.
// Its fuzz tests hold it against encoding/json, which shares no code with it.
package canon
