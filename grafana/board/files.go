package board

// Home is where the compose file's Grafana is, which serves the runbook too.
var Home = Places{Grafana: "http://localhost:3000", Runbook: "http://localhost:3000/public/hayauma/runbook.html"}

// Files are all that is generated, by its path below grafana/.
func Files(r Rules) (map[string][]byte, error) {
	files := map[string][]byte{"RUNBOOK.md": Markdown(), "runbook.html": HTML()}
	all := Dashboards()
	for i := range all {
		text, err := all[i].JSON(all)
		if err != nil {
			return nil, err
		}
		files["dashboards/"+all[i].UID+".json"] = text
	}
	var err error
	if files["rules/hayauma.yml"], err = r.YAML(); err != nil {
		return nil, err
	}
	if r.Scale > 1 {
		return files, nil // promtool's tests play real durations
	}
	files["rules/tests.yml"], err = r.Tests("hayauma.yml")
	return files, err
}
