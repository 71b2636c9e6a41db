// Quickstart does what the README's session does, through the generated client: it adds a channel, submits a campaign with its audience
// as a stream, watches it until it ends, and reads what became of everybody, and why.
//
//	go run ./quickstart -server http://127.0.0.1:8484 -endpoint http://127.0.0.1:9090 -token-env SHOP_TOKEN friends.csv
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"os"
	"os/signal"
	"strings"

	"github.com/google/uuid"

	"hayauma.example/examples/client"
)

// session is what the command line says.
type session struct {
	server, token      string // of the daemon
	endpoint, tokenEnv string // of the channel
	audience           io.Reader
	key                string // the same one makes the same campaign
	out                io.Writer
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	s := session{token: os.Getenv("HAYAUMA_TOKEN"), out: os.Stdout, key: uuid.NewString()}
	flag.StringVar(&s.server, "server", "http://127.0.0.1:8484", "URL of the daemon; HAYAUMA_TOKEN is its token")
	flag.StringVar(&s.endpoint, "endpoint", "http://127.0.0.1:9090", "base URL of LINE, or of the simulator")
	flag.StringVar(&s.tokenEnv, "token-env", "SHOP_TOKEN", "variable in the daemon's environment that holds the channel access token")
	flag.Parse()
	if err := s.file(ctx, flag.Arg(0)); err != nil {
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		os.Exit(1)
	}
}

func (s session) file(ctx context.Context, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // it was only read
	s.audience = f
	return s.run(ctx)
}

func (s session) run(ctx context.Context) error {
	c, err := client.NewClientWithResponses(s.server, client.WithRequestEditorFn(s.authorize))
	if err != nil {
		return err
	}
	if err := s.addChannel(ctx, c); err != nil {
		return err
	}
	id, err := s.submit(ctx, c)
	if err != nil {
		return err
	}
	if err := s.watch(ctx, c, id); err != nil {
		return err
	}
	return s.outcomes(ctx, c, id)
}

func (s session) authorize(_ context.Context, req *http.Request) error {
	if s.token != "" {
		req.Header.Set("Authorization", "Bearer "+s.token)
	}
	return nil
}

func (s session) addChannel(ctx context.Context, c *client.ClientWithResponses) error {
	added, err := c.AddChannelWithResponse(ctx, client.NewChannel{
		Name: "shop", Provider: client.NewChannelProviderLine, Endpoint: s.endpoint, TokenEnv: s.tokenEnv,
	})
	if err != nil {
		return err
	}
	if added.JSON200 == nil {
		return problem(added.HTTPResponse, added.Body)
	}
	_, err = fmt.Fprintf(s.out, "channel %s: %s\n", added.JSON200.Name, added.JSON200.State)
	return err
}

// submit sends the audience as it is read: it may be larger than memory.
func (s session) submit(ctx context.Context, c *client.ClientWithResponses) (id string, err error) {
	body, w := io.Pipe()
	defer func() { _ = body.Close() }() // ends the writer, also after an early refusal
	form := multipart.NewWriter(w)
	go func() { w.CloseWithError(s.write(form)) }()
	answer, err := c.SubmitCampaignWithBodyWithResponse(ctx, &client.SubmitCampaignParams{IdempotencyKey: s.key}, form.FormDataContentType(), body)
	if err != nil {
		return "", err
	}
	if answer.JSON202 == nil {
		return "", problem(answer.HTTPResponse, answer.Body)
	}
	_, err = fmt.Fprintf(s.out, "campaign %s is accepted\n", answer.JSON202.ID)
	return answer.JSON202.ID, err
}

// write makes the two parts in their order.
func (s session) write(form *multipart.Writer) error {
	messages := []map[string]any{{"type": "text", "text": "Hello {{ name }}, your coupon is {{ coupon | default: 'SPRING' }}."}}
	part, err := form.CreatePart(header("campaign", "application/json"))
	if err != nil {
		return err
	}
	if err := json.NewEncoder(part).Encode(client.CampaignFile{Name: "spring sale", Channel: "shop", Messages: &messages}); err != nil {
		return err
	}
	if part, err = form.CreatePart(header("audience", "text/csv")); err != nil {
		return err
	}
	if _, err := io.Copy(part, s.audience); err != nil {
		return err
	}
	return form.Close()
}

func header(name, kind string) textproto.MIMEHeader {
	return textproto.MIMEHeader{"Content-Disposition": {`form-data; name="` + name + `"`}, "Content-Type": {kind}}
}

// watch follows the campaign's events until it is over. A stream that ends before is asked for again.
func (s session) watch(ctx context.Context, c *client.ClientWithResponses, id string) error {
	for {
		events, err := c.WatchCampaign(ctx, id)
		if err != nil {
			return err
		}
		over, err := s.follow(events)
		if err != nil || over {
			return err
		}
	}
}

func (s session) follow(events *http.Response) (over bool, err error) {
	defer events.Body.Close()
	if events.StatusCode != http.StatusOK {
		return false, refusal(events)
	}
	lines := bufio.NewScanner(events.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		data, isData := strings.CutPrefix(lines.Text(), "data: ")
		if !isData {
			continue
		}
		var now client.Campaign
		if err := json.Unmarshal([]byte(data), &now); err != nil {
			return false, err
		}
		fmt.Fprintf(s.out, "%s: %d of %d settled\n", now.State, now.Accepted-now.Pending, now.Accepted)
		if now.FinishedAt != nil {
			return true, nil
		}
	}
	return false, lines.Err()
}

// outcomes reads the recipients as they come, and asks why for each: with many of them, do so for the few that matter.
func (s session) outcomes(ctx context.Context, c *client.ClientWithResponses, id string) error {
	list, err := c.ListRecipients(ctx, id, &client.ListRecipientsParams{})
	if err != nil {
		return err
	}
	defer list.Body.Close()
	if list.StatusCode != http.StatusOK {
		return refusal(list)
	}
	for rows := json.NewDecoder(list.Body); ; {
		var r client.Recipient
		switch err := rows.Decode(&r); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if err := s.why(ctx, c, id, r); err != nil {
			return err
		}
	}
}

func (s session) why(ctx context.Context, c *client.ClientWithResponses, id string, r client.Recipient) error {
	why, err := c.ExplainRecipientWithResponse(ctx, id, r.UserID)
	if err != nil {
		return err
	}
	if why.JSON200 == nil {
		return problem(why.HTTPResponse, why.Body)
	}
	fmt.Fprintf(s.out, "%s is %s\n", r.UserID, r.State)
	for _, e := range why.JSON200.Entries {
		fmt.Fprintf(s.out, "  %s %s", e.At, e.Event)
		if e.Request != nil {
			fmt.Fprintf(s.out, ", LINE's request id %s", *e.Request)
		}
		fmt.Fprintln(s.out)
	}
	return nil
}

// refusal is a problem that was not read yet.
func refusal(resp *http.Response) error {
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	return errors.Join(problem(resp, body), err)
}

// problem is the daemon's refusal as an error (RFC 9457).
func problem(resp *http.Response, body []byte) error {
	var p client.ErrorModel
	if json.Unmarshal(body, &p) != nil || p.Detail == nil {
		return errors.New(resp.Status)
	}
	lines := []string{resp.Status + ": " + *p.Detail}
	if p.Errors != nil {
		for _, e := range *p.Errors {
			if e.Location != nil && e.Message != nil {
				lines = append(lines, fmt.Sprintf("  %s: %s", *e.Location, *e.Message))
			}
		}
	}
	return errors.New(strings.Join(lines, "\n"))
}
