package client

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"hayauma.example/cmd/hayauma/internal/api"
)

// Client calls one daemon. It is safe for concurrent use.
type Client struct {
	base  string
	token string
	http  *http.Client
}

// New makes a client of the daemon at server, such as http://127.0.0.1:8484. token may be empty.
func New(server, token string) (*Client, error) {
	u, err := url.Parse(server)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, fmt.Errorf("server %q is not a URL such as http://127.0.0.1:8484: set --server or HAYAUMA_SERVER", server)
	}
	transport := &http.Transport{
		Proxy:       http.ProxyFromEnvironment,
		DialContext: (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
	}
	return &Client{base: strings.TrimRight(server, "/"), token: token, http: &http.Client{Transport: transport}}, nil
}

// Close ends idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Error is the daemon's refusal.
type Error struct{ api.Problem }

// Error is the problem's words, one line for each thing that was wrong.
func (e Error) Error() string {
	var b strings.Builder
	if e.Title != "" && e.Title != http.StatusText(e.Status) && e.Title != e.Detail {
		b.WriteString(e.Title + ": ")
	}
	b.WriteString(cmp.Or(e.Detail, http.StatusText(e.Status)))
	for _, entry := range e.Errors {
		b.WriteString("\n  ")
		if entry.Location != "" {
			b.WriteString(entry.Location + ": ")
		}
		b.WriteString(entry.Message)
		if entry.Value != nil && entry.Value != "" {
			fmt.Fprintf(&b, " (%v)", entry.Value)
		}
	}
	return b.String()
}

// Unreachable is the error for a daemon that gave no answer.
type Unreachable struct {
	Server string
	Err    error
}

// Error names the server and what to do.
func (e Unreachable) Error() string {
	return fmt.Sprintf("no answer from the daemon at %s: %v; is `hayauma serve` running there? set --server or HAYAUMA_SERVER", e.Server, e.Err)
}

// Unsent tells that there was not even a connection.
func (e Unreachable) Unsent() bool {
	dial, ok := errors.AsType[*net.OpError](e.Err)
	return ok && dial.Op == "dial"
}

// Unwrap is the cause.
func (e Unreachable) Unwrap() error { return e.Err }

// request is what is asked of the server.
type request struct {
	method, path string
	body         io.Reader   // nil: none
	header       http.Header // besides the token's
}

// send makes one request; the caller closes the body of a good answer.
func (c *Client) send(ctx context.Context, r request) (*http.Response, error) {
	resp, err := c.do(ctx, r)
	if err != nil || resp.StatusCode < 300 {
		return resp, err
	}
	defer resp.Body.Close()
	return nil, c.problem(resp)
}

// do makes one request; the caller closes the body of any answer.
func (c *Client) do(ctx context.Context, r request) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, r.method, c.base+r.path, r.body)
	if err != nil {
		return nil, err
	}
	maps.Copy(req.Header, r.header)
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, c.unreachable(err)
	}
	return resp, nil
}

func (c *Client) unreachable(err error) error {
	if u := (*url.Error)(nil); errors.As(err, &u) {
		err = u.Err
	}
	return Unreachable{Server: c.base, Err: err}
}

func (c *Client) problem(resp *http.Response) error {
	e := Error{api.Problem{Status: resp.StatusCode}}
	raw, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if json.Unmarshal(raw, &e.Problem) != nil || (e.Detail == "" && e.Title == "") {
		e.Problem = api.Problem{Status: resp.StatusCode,
			Detail: fmt.Sprintf("the server at %s answered %s, not as a Hayauma daemon does: set --server or HAYAUMA_SERVER to the daemon's URL", c.base, resp.Status)}
	}
	return e
}

// get reads what a path has into out.
func (c *Client) get(ctx context.Context, path string, out any) error {
	return c.call(ctx, order{method: http.MethodGet, path: path}, out)
}

// order is a request in JSON.
type order struct {
	method, path string
	in           any // nil: nothing is sent
}

// call gives an order and reads the answer into out (nil: it is ignored).
func (c *Client) call(ctx context.Context, o order, out any) error {
	r := request{method: o.method, path: o.path}
	if o.in != nil {
		raw, err := json.Marshal(o.in)
		if err != nil {
			return err
		}
		r.body, r.header = bytes.NewReader(raw), http.Header{"Content-Type": {"application/json"}}
	}
	resp, err := c.send(ctx, r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if out == nil {
		return nil
	}
	if err := json.NewDecoder(resp.Body).Decode(out); err != nil {
		return Unreachable{Server: c.base, Err: fmt.Errorf("unreadable answer: %w", err)}
	}
	return nil
}

// AddChannel adds or changes a channel.
func (c *Client) AddChannel(ctx context.Context, n api.NewChannel) (ch api.Channel, err error) {
	return ch, c.call(ctx, order{http.MethodPost, "/v1/channels", n}, &ch)
}

// Channels lists all channels.
func (c *Client) Channels(ctx context.Context) ([]api.Channel, error) {
	var list api.ChannelList
	err := c.get(ctx, "/v1/channels", &list)
	return list.Channels, err
}

// Channel shows one channel.
func (c *Client) Channel(ctx context.Context, name string) (ch api.Channel, err error) {
	return ch, c.get(ctx, "/v1/channels/"+url.PathEscape(name), &ch)
}

// RemoveChannel removes a channel that no unfinished campaign uses.
func (c *Client) RemoveChannel(ctx context.Context, name string) error {
	return c.call(ctx, order{http.MethodDelete, "/v1/channels/" + url.PathEscape(name), nil}, nil)
}

// ResumeChannel ends a channel's pause.
func (c *Client) ResumeChannel(ctx context.Context, name string) (ch api.Channel, err error) {
	return ch, c.call(ctx, order{http.MethodPost, "/v1/channels/" + url.PathEscape(name) + "/resume", nil}, &ch)
}

// AddWebhook adds or changes a webhook.
func (c *Client) AddWebhook(ctx context.Context, n api.NewWebhook) (w api.Webhook, err error) {
	return w, c.call(ctx, order{http.MethodPost, "/v1/webhooks", n}, &w)
}

// Webhooks lists all webhooks.
func (c *Client) Webhooks(ctx context.Context) ([]api.Webhook, error) {
	var list api.WebhookList
	err := c.get(ctx, "/v1/webhooks", &list)
	return list.Webhooks, err
}

// Webhook shows one webhook.
func (c *Client) Webhook(ctx context.Context, name string) (w api.Webhook, err error) {
	return w, c.get(ctx, "/v1/webhooks/"+url.PathEscape(name), &w)
}

// RemoveWebhook removes a webhook, with what was not delivered.
func (c *Client) RemoveWebhook(ctx context.Context, name string) error {
	return c.call(ctx, order{http.MethodDelete, "/v1/webhooks/" + url.PathEscape(name), nil}, nil)
}

// TestWebhook has a test delivery made.
func (c *Client) TestWebhook(ctx context.Context, name string) (t api.WebhookTest, err error) {
	return t, c.call(ctx, order{http.MethodPost, "/v1/webhooks/" + url.PathEscape(name) + "/test", nil}, &t)
}

// Campaign shows one campaign.
func (c *Client) Campaign(ctx context.Context, id string) (info api.Campaign, err error) {
	return info, c.get(ctx, campaignPath(id, ""), &info)
}

// Order gives a campaign an operator's command: pause or cancel.
func (c *Client) Order(ctx context.Context, id, command string) (info api.Campaign, err error) {
	return info, c.call(ctx, order{http.MethodPost, campaignPath(id, "/"+command), nil}, &info)
}

// Redrive has recipients of a campaign sent to again.
func (c *Client) Redrive(ctx context.Context, id string, what api.Redrive) (r api.Redriven, err error) {
	return r, c.call(ctx, order{http.MethodPost, campaignPath(id, "/redrive"), what}, &r)
}

// ResumeCampaign lets a campaign go on; quota is empty or [api.QuotaIgnore].
func (c *Client) ResumeCampaign(ctx context.Context, id, quota string) (info api.Campaign, err error) {
	return info, c.call(ctx, order{http.MethodPost, campaignPath(id, "/resume"), api.ResumeOrder{Quota: quota}}, &info)
}

// RankCampaign changes how a campaign stands beside others of its channel.
func (c *Client) RankCampaign(ctx context.Context, id string, r api.Rank) (info api.Campaign, err error) {
	return info, c.call(ctx, order{http.MethodPatch, campaignPath(id, ""), r}, &info)
}

// LeastPrefix is how many characters of a campaign's id may stand for it.
const LeastPrefix = 8

var idPrefix = regexp.MustCompile(`^[0-9a-f-]{1,35}$`)

// CampaignID is the campaign whose id begins with text. What can't begin an id is returned as it is: the daemon has the word on it.
func (c *Client) CampaignID(ctx context.Context, text string) (string, error) {
	switch {
	case !idPrefix.MatchString(text):
		return text, nil
	case len(text) < LeastPrefix:
		return "", fmt.Errorf("%q is too short for a campaign's id: give %d characters of it or more", text, LeastPrefix)
	}
	var page api.CampaignPage // ids are listed in their order, so those that begin with text follow text
	if err := c.get(ctx, "/v1/campaigns?limit=2&cursor="+text, &page); err != nil {
		return "", err
	}
	found := slices.DeleteFunc(page.Campaigns, func(info api.Campaign) bool { return !strings.HasPrefix(info.ID, text) })
	switch len(found) {
	case 0:
		return "", fmt.Errorf("no campaign's id begins with %s; see: hayauma campaign list", text)
	case 1:
		return found[0].ID, nil
	}
	return "", fmt.Errorf("several campaigns' ids begin with %s, such as %s and %s: give more of it", text, found[0].ID, found[1].ID)
}

func campaignPath(id, rest string) string { return "/v1/campaigns/" + url.PathEscape(id) + rest }

// Filter narrows a list of campaigns. The zero value lets all through.
type Filter struct {
	State, Channel, Series string
	Newest                 bool // those that were accepted last come first; otherwise by their ids
}

// Campaigns yields the campaigns that a filter lets through, page by page.
func (c *Client) Campaigns(ctx context.Context, f Filter) iter.Seq2[api.Campaign, error] {
	query := url.Values{}
	for name, value := range map[string]string{"state": f.State, "channel": f.Channel, "series": f.Series} {
		if value != "" {
			query.Set(name, value)
		}
	}
	if f.Newest {
		query.Set("order", "newest")
	}
	return func(yield func(api.Campaign, error) bool) {
		for cursor := ""; ; {
			var page api.CampaignPage
			query.Set("cursor", cursor)
			if err := c.get(ctx, "/v1/campaigns?"+query.Encode(), &page); err != nil {
				yield(api.Campaign{}, err)
				return
			}
			for _, info := range page.Campaigns {
				if !yield(info, nil) {
					return
				}
			}
			if cursor = page.Next; cursor == "" {
				return
			}
		}
	}
}

// Export is what of a campaign's recipients is asked for. The zero value is all of them, as NDJSON.
type Export struct {
	States []string // only these
	Format string   // ndjson or csv
}

// Recipients streams a campaign's recipients. The caller closes it. An export that breaks off ends with an error from Read.
func (c *Client) Recipients(ctx context.Context, id string, e Export) (io.ReadCloser, error) {
	query := url.Values{}
	if len(e.States) > 0 {
		query["state"] = e.States
	}
	if e.Format != "" {
		query.Set("format", e.Format)
	}
	path := campaignPath(id, "/recipients")
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	resp, err := c.send(ctx, request{method: http.MethodGet, path: path})
	if err != nil {
		return nil, err
	}
	return resp.Body, nil
}

// Why tells what became of one recipient.
func (c *Client) Why(ctx context.Context, id, user string) (w api.Why, err error) {
	return w, c.get(ctx, campaignPath(id, "/recipients/"+url.PathEscape(user)+"/why"), &w)
}
