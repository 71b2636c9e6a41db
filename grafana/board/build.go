package board

import (
	"encoding/json"
	"fmt"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/cog/variants"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/heatmap"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/statetimeline"
	"github.com/grafana/grafana-foundation-sdk/go/table"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
)

var source = common.DataSourceRef{Type: new("prometheus"), Uid: new("${datasource}")}

// JSON is the dashboard in Grafana's classic format; next are the others, in the order in which they are offered.
func (d *Dashboard) JSON(others []Dashboard) ([]byte, error) {
	b := dashboard.NewDashboardBuilder(d.Title). //nolint:staticcheck // the classic format is what every Grafana reads, older ones too
							Uid(d.UID).Description(d.Help).Tags([]string{"hayauma"}).
							Tooltip(dashboard.DashboardCursorSyncCrosshair).Time("now-1h", "now").Refresh("10s").Timezone("browser").Readonly()
	for _, v := range d.variables() {
		b = b.WithVariable(v)
	}
	for _, o := range others {
		if o.UID != d.UID {
			b = b.Link(link(o.Title, "/d/"+o.UID, o.Help))
		}
	}
	b = b.Link(link("Runbook", "/public/hayauma/runbook.html", "What each alert means, what to look at, what to do"))
	for _, r := range d.Rows {
		first := r.Panels[0]
		b = b.WithRow(dashboard.NewRowBuilder(r.Title).Id(first.id - 1).GridPos(dashboard.GridPos{X: 0, Y: uint32(first.y - 1), W: 24, H: 1}))
		for i := range r.Panels {
			b = b.WithPanel(r.Panels[i].builder())
		}
	}
	built, err := b.Build()
	if err != nil {
		return nil, fmt.Errorf("dashboard %s: %w", d.UID, err)
	}
	text, err := json.MarshalIndent(built, "", " ")
	return append(text, '\n'), err
}

func link(title, url, help string) *dashboard.DashboardLinkBuilder {
	return dashboard.NewDashboardLinkBuilder(title).Type(dashboard.DashboardLinkTypeLink).Url(url).Tooltip(help).
		IncludeVars(true).KeepTime(true)
}

// labels that variables are filled from.
var fills = map[string]string{
	"job":      `label_values(hayauma_build_info, job)`,
	"instance": `label_values(hayauma_build_info{job=~"$job"}, instance)`,
	"kind":     `label_values(hayauma_actor_active{job=~"$job", instance=~"$instance"}, kind)`,
	"campaign": `label_values(hayauma_campaign_recipients{job=~"$job"}, campaign)`,
	"channel":  `label_values(hayauma_inflight_requests{job=~"$job"}, channel)`,
}

func (d *Dashboard) variables() []cog.Builder[dashboard.VariableModel] {
	all := []cog.Builder[dashboard.VariableModel]{dashboard.NewDatasourceVariableBuilder("datasource").Label("Data source").Type("prometheus")}
	for _, name := range append([]string{"job", "instance"}, d.Variables...) {
		every := dashboard.VariableOption{
			Selected: new(true), Text: dashboard.StringOrArrayOfString{String: new("All")}, Value: dashboard.StringOrArrayOfString{String: new("$__all")},
		}
		all = append(all, dashboard.NewQueryVariableBuilder(name).Label(name).Datasource(source).Query(dashboard.StringOrMap{String: new(fills[name])}).
			Refresh(dashboard.VariableRefreshOnTimeRangeChanged).Sort(dashboard.VariableSortAlphabeticalAsc).
			Multi(true).IncludeAll(true).AllValue(".*").Current(every))
	}
	return all
}

func (p *Panel) place() dashboard.GridPos {
	return dashboard.GridPos{X: uint32(p.x), Y: uint32(p.y), W: uint32(p.Width), H: uint32(p.Height)}
}

func (p *Panel) targets() []cog.Builder[variants.Dataquery] {
	all := make([]cog.Builder[variants.Dataquery], len(p.Queries))
	for i, query := range p.Queries {
		b := prometheus.NewDataqueryBuilder().RefId(refID(i)).Expr(query.Expr).LegendFormat(query.Legend).Datasource(source)
		switch p.View {
		case Table:
			b = b.Instant().Format(prometheus.PromQueryFormatTable)
		case Heat:
			b = b.Range().Format(prometheus.PromQueryFormatHeatmap)
		default:
			b = b.Range()
		}
		all[i] = b
	}
	return all
}

func refID(i int) string { return string(rune('A' + i)) }

// builder makes what Grafana shows; nil where the view is unknown, which fails the dashboard.
func (p *Panel) builder() cog.Builder[dashboard.Panel] {
	switch p.View {
	case Value:
		return stat.NewPanelBuilder().Title(p.Title).Description(p.Help).Id(p.id).GridPos(p.place()).Datasource(source).Targets(p.targets()).
			Unit(p.Unit).Thresholds(p.thresholds()).ColorScheme(scheme(dashboard.FieldColorModeIdThresholds)).
			GraphMode(common.BigValueGraphModeArea).ColorMode(common.BigValueColorModeValue).
			ReduceOptions(common.NewReduceDataOptionsBuilder().Calcs([]string{"lastNotNull"}))
	case Table:
		return p.table()
	case Heat:
		return heatmap.NewPanelBuilder().Title(p.Title).Description(p.Help).Id(p.id).GridPos(p.place()).Datasource(source).Targets(p.targets()).
			Unit(p.Unit).Calculate(false).YAxis(heatmap.NewYAxisConfigBuilder().Unit(p.Unit)).
			Tooltip(heatmap.NewHeatmapTooltipBuilder().Mode(common.TooltipDisplayModeSingle))
	case States:
		return statetimeline.NewPanelBuilder().Title(p.Title).Description(p.Help).Id(p.id).GridPos(p.place()).Datasource(source).Targets(p.targets()).
			Unit(p.Unit).ShowValue(common.VisibilityModeNever).MergeValues(true).Thresholds(p.thresholds()).
			ColorScheme(scheme(dashboard.FieldColorModeIdThresholds)).Legend(legend())
	}
	b := timeseries.NewPanelBuilder().Title(p.Title).Description(p.Help).Id(p.id).GridPos(p.place()).Datasource(source).Targets(p.targets()).
		Unit(p.Unit).Min(0).LineWidth(1.5).FillOpacity(8).ShowPoints(common.VisibilityModeNever).Legend(legend()).
		Tooltip(common.NewVizTooltipOptionsBuilder().Mode(common.TooltipDisplayModeMulti).Sort(common.SortOrderDescending)).
		ColorScheme(scheme(dashboard.FieldColorModeIdPaletteClassic))
	if p.Empty != "" {
		b = b.NoValue(p.Empty)
	}
	if p.View == Areas {
		b = b.FillOpacity(40).Stacking(common.NewStackingConfigBuilder().Mode(common.StackingModeNormal))
	}
	return b
}

func (p *Panel) table() cog.Builder[dashboard.Panel] {
	hidden, order, names := map[string]bool{"Time": true}, map[string]int{}, map[string]string{}
	for i, name := range p.Columns {
		order[name] = i
	}
	for i, query := range p.Queries {
		value := "Value"
		if len(p.Queries) > 1 {
			value += " #" + refID(i)
		}
		order[value], names[value] = len(p.Columns)+i, query.Legend
	}
	b := table.NewPanelBuilder().Title(p.Title).Description(p.Help).Id(p.id).GridPos(p.place()).Datasource(source).Targets(p.targets()).
		Unit(p.Unit).Thresholds(p.thresholds())
	if p.Empty != "" {
		b = b.NoValue(p.Empty)
	}
	if len(p.Queries) > 1 {
		b = b.WithTransformation(dashboard.DataTransformerConfig{Id: "merge", Options: map[string]any{}})
	}
	b = b.WithTransformation(dashboard.DataTransformerConfig{Id: "organize", Options: map[string]any{
		"excludeByName": hidden, "indexByName": order, "renameByName": names,
	}})
	for _, query := range p.Queries {
		if unit := p.Units[query.Legend]; unit != "" {
			b = b.OverrideByName(query.Legend, []dashboard.DynamicConfigValue{{Id: "unit", Value: unit}})
		}
	}
	return b
}

func (p *Panel) thresholds() cog.Builder[dashboard.ThresholdsConfig] {
	steps := []dashboard.Threshold{{Value: nil, Color: "green"}}
	switch {
	case p.Bad > p.Good: // high is bad
		steps = append(steps, dashboard.Threshold{Value: new(p.Good), Color: "yellow"}, dashboard.Threshold{Value: new(p.Bad), Color: "red"})
	case p.Bad < p.Good: // low is bad
		steps = []dashboard.Threshold{{Value: nil, Color: "red"}, {Value: new(p.Bad), Color: "yellow"}, {Value: new(p.Good), Color: "green"}}
	}
	return dashboard.NewThresholdsConfigBuilder().Mode(dashboard.ThresholdsModeAbsolute).Steps(steps)
}

func scheme(mode dashboard.FieldColorModeId) cog.Builder[dashboard.FieldColor] {
	return dashboard.NewFieldColorBuilder().Mode(mode)
}

func legend() cog.Builder[common.VizLegendOptions] {
	return common.NewVizLegendOptionsBuilder().ShowLegend(true).DisplayMode(common.LegendDisplayModeList).Placement(common.LegendPlacementBottom)
}
