// Package wire holds the compared messages as protobuf: messages.proto, and the code that protoc makes of it.
//
// The plug-in that writes Go is the one of the protobuf module that go.mod names, so the code and the library are of one version.
package wire

//go:generate sh -c "go build -o protoc-gen-go google.golang.org/protobuf/cmd/protoc-gen-go && protoc --plugin=./protoc-gen-go --go_out=. --go_opt=paths=source_relative messages.proto; status=$?; rm -f protoc-gen-go; exit $status"
