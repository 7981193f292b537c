# A team is ready only when its checks pass: one that cannot be run, one that fails, one without an answer, a no.

08:00     operator a starts
08:00     anna creates window always
08:00     anna creates team core {signOff: null, checks: [{name: quality, condition: {apiVersion: example.com/v1, kind: Quality, name: api, type: Good, status: "True"}}, {name: canary, replicas: {workload: {kind: Deployment, name: canary}, atLeast: 2}, every: 20s}, {name: budget, controllerName: budget.example/watch, every: 20s}]}
08:01     lena creates release checkout {steps: [{name: api}]}
08:01     flux applies api 2
08:02     flux applies deployment core/canary 2 {metadata: {labels: {rollcall.dev/gate: null}}, spec: {replicas: 1}}
08:03     budget.example/watch answers budget of core with False {reason: Rejected, message: "the budget is spent"}
08:04     cora patches team core/core {spec: {checks: [{name: canary, replicas: {workload: {kind: Deployment, name: canary}, atLeast: 2}, every: 20s}, {name: budget, controllerName: budget.example/watch, every: 20s}]}}
08:05     ops patches deployment core/canary {spec: {replicas: 2}}
08:06     dev-bob answers budget of core with True
08:07     budget.example/watch answers budget of core with True {message: "94 % of the budget is left"}
08:09     checkout is finished
