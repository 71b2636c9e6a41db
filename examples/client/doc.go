// Package client is a client of the daemon's HTTP API that a generator made of its OpenAPI document (the form 3.0), as anyone can make
// one in his language. Nothing of it is written by hand, and nothing of the daemon is imported: quickstart is what a program of yours
// would look like.
//
//	go generate      makes client.gen.go again, when the API has changed
//	go test ./...    runs the quickstart against the daemon and the simulator of LINE, both as processes
//
// What streams is best read and written as it comes: a submission by SubmitCampaignWithBody with a pipe, events and recipients by the
// functions of [Client] that return the plain response. Those of [ClientWithResponses] hold an answer as a whole.
package client

//go:generate sh -c "go run -C ../.. ./cmd/hayauma openapi --form 3.0 | go tool -modfile=../../tools/go.mod oapi-codegen -config config.yaml /dev/stdin"
