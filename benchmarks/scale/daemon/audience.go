package daemon

import (
	"bufio"
	"io"
	"strconv"
)

// Identity is a user's: 33 bytes, as at the provider.
func Identity(i int) string { return string(appendIdentity(nil, i)) }

func appendIdentity(dst []byte, i int) []byte {
	return appendPadded(append(dst, 'U'), i, 16, 32)
}

// appendPadded appends i with leading zeros, width digits in all.
func appendPadded(dst []byte, i, base, width int) []byte {
	var room [20]byte
	digits := strconv.AppendInt(room[:0], int64(i), base)
	for range width - len(digits) {
		dst = append(dst, '0')
	}
	return append(dst, digits...)
}

// Uniform is an audience of n users, numbered from first, without variables.
func Uniform(first, n int) func(w io.Writer) error {
	return rows("user_id\n", first, n, func(dst []byte, _ int) []byte { return dst })
}

// Personal is an audience of n users, numbered from first, with 100 bytes of variables each, in the column words.
func Personal(first, n int) func(w io.Writer) error {
	return rows("user_id,words\n", first, n, func(dst []byte, i int) []byte { return appendPadded(append(dst, ','), i, 10, 100) })
}

func rows(head string, first, n int, more func(dst []byte, i int) []byte) func(w io.Writer) error {
	return func(w io.Writer) error {
		out := bufio.NewWriterSize(w, 1<<16)
		out.WriteString(head)
		var row []byte
		for i := first; i < first+n; i++ {
			row = append(more(appendIdentity(row[:0], i), i), '\n')
			out.Write(row)
		}
		return out.Flush()
	}
}
