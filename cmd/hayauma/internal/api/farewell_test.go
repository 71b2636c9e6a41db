package api_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// sendAll writes a whole request before it looks for the answer, as many a client does.
func sendAll(t *testing.T, url, request string) (status int, body string) {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, request); err != nil {
		t.Fatalf("the connection was closed before everything was sent: %v", err)
	}
	answer, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatalf("no answer: %v", err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

func request(path, headers, body string) string {
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: shop\r\nContent-Length: %d\r\n%s\r\n%s", path, len(body), headers, body)
}

// A client that sends everything before it reads learns why it was refused, however much it sends.
func TestRefusalReachesThoseWhoAreStillSending(t *testing.T) {
	long := strings.Repeat("x,y\n", 4<<20)
	form := "--b\r\nContent-Disposition: form-data; name=\"campaign\"\r\nContent-Type: application/json\r\n\r\n" + file(text) +
		"\r\n--b\r\nContent-Disposition: form-data; name=\"audience\"\r\nContent-Type: text/csv\r\n\r\n" + long + "\r\n--b--\r\n"
	const submits = "Content-Type: multipart/form-data; boundary=b\r\nIdempotency-Key: k\r\n"
	open, closed := newDesk(t, ""), newDesk(t, "secret")
	for name, x := range map[string]struct {
		url, request string
		status       int
		says         string
	}{
		"a bad audience":  {open.url, request("/v1/campaigns", submits, form), 422, "audience line 1"},
		"bad settings":    {open.url, request("/v1/channels/shop/recipients", "Content-Type: text/csv\r\n", long), 422, "recipients refused"},
		"a wrong type":    {open.url, request("/v1/channels/shop/recipients", "Content-Type: image/png\r\n", long), 415, "image/png"},
		"no such place":   {open.url, request("/v2/campaigns", submits, form), 404, "no such resource"},
		"no token at all": {closed.url, request("/v1/campaigns", submits, form), 401, "API token"},
	} {
		if status, body := sendAll(t, x.url, x.request); status != x.status || !strings.Contains(body, x.says) {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
}

// One that waits for leave to send is answered at once, and isn't waited for.
func TestRefusalOfOneWhoAsksFirst(t *testing.T) {
	d := newDesk(t, "secret")
	began := time.Now()
	head := "POST /v1/campaigns HTTP/1.1\r\nHost: shop\r\nContent-Length: 1000000\r\nExpect: 100-continue\r\n\r\n"
	if status, body := sendAll(t, d.url, head); status != 401 {
		t.Errorf("%d %s", status, body)
	}
	if d := time.Since(began); d > 10*time.Second {
		t.Errorf("the connection was open for %v", d)
	}
}
