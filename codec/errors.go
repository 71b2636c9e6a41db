package codec

import (
	"errors"
	"fmt"
)

// Errors of this package. An [UnknownError] and an [UnregisteredError] name the message.
var (
	// ErrTruncated: the input ends in the middle of a value.
	ErrTruncated = errors.New("codec: truncated input")
	// ErrTooLarge: a frame, body or name is over its limit.
	ErrTooLarge = errors.New("codec: message over its size limit")
	// ErrTooDeep: values are nested deeper than MaxDepth.
	ErrTooDeep = errors.New("codec: message nested too deep")
	// ErrMalformed: the bytes are not what the format allows.
	ErrMalformed = errors.New("codec: malformed message")
)

// UnknownError reports a message that this program has no type for; a newer version may have sent it.
type UnknownError struct{ Name string }

func (e *UnknownError) Error() string {
	return fmt.Sprintf("codec: no message named %q is registered: a newer version may have written it", e.Name)
}

// UnregisteredError reports an attempt to encode a type without a name.
type UnregisteredError struct{ Type string }

func (e *UnregisteredError) Error() string {
	return fmt.Sprintf("codec: type %s has no name: call codec.Register for it", e.Type)
}
