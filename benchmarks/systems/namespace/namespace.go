// Package namespace lets Hollywood and Proto.Actor live in one program.
//
// Both register a protobuf message actor.PID, and protobuf ends a program at its start when a name is registered twice, unless the
// environment tells it to go on. The second one is then missing in protobuf's registry of names, which only encoding by name looks
// into: no message of these benchmarks is encoded.
//
// It works because Go initialises packages by import path as soon as what they import is there: this one imports nothing but os,
// so its turn comes before log/slog's, which both peers import. Were that not so, no test of this module would start.
package namespace

import "os"

func init() {
	if err := os.Setenv("GOLANG_PROTOBUF_REGISTRATION_CONFLICT", "ignore"); err != nil {
		panic(err)
	}
}
