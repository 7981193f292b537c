# A team is ready only when its checks pass, and what it released must go on passing them.
#
# One check cannot be run as it is written, one fails, one has no answer, one says no. Only its own controller answers a
# check. After the release the check must answer again, and a no later on makes the step fail.

08:00     operator a starts
08:00     anna creates window always
08:00     anna creates team core {signOff: null, checks: [{name: quality, condition: {apiVersion: example.com/v1, kind: Quality, name: api, type: Good, status: "True"}}, {name: canary, replicas: {workload: {kind: Deployment, name: canary}, atLeast: 2}, every: 20s}, {name: budget, controllerName: budget.example/watch, every: 20s}]}
08:01     lena creates release checkout {onFailure: Halt, steps: [{name: api, soak: 3m, verify: [budget]}]}
08:01     flux applies api 2 {spec: {replicas: 1, template: {metadata: {annotations: {kwok.test/ready-delay: 20s}}}}}
08:02     flux applies deployment core/canary 2 {metadata: {labels: {rollcall.dev/gate: null}}, spec: {replicas: 1}}
08:03     budget.example/watch answers budget of core with False {reason: Rejected, message: "the budget is spent"}
08:04     cora patches team core/core {spec: {checks: [{name: canary, replicas: {workload: {kind: Deployment, name: canary}, atLeast: 2}, every: 20s}, {name: budget, controllerName: budget.example/watch, every: 20s}]}}
08:05     ops patches deployment core/canary {spec: {replicas: 2}}
08:06     dev-bob answers budget of core with True
08:07     budget.example/watch answers budget of core with True {message: "94 % of the budget is left"}
08:07:10  budget.example/watch answers budget of core with Unknown {message: "a new version is measured"}
08:07:30  budget.example/watch answers budget of core with True {message: "93 % of the budget is left"}
08:08     budget.example/watch answers budget of core with False {reason: Rejected, message: "the budget is spent"}
08:09     budget.example/watch answers budget of core with True {message: "94 % of the budget is left"}
08:12     checkout is finished
