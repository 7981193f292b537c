# A step that takes longer than it may.

08:00     operator a starts
08:00     anna opens the shop
08:01     lena creates release slow {participants: [{name: core, team: {namespace: core, name: core}, responsibility: "Watch"}], steps: [{name: api, participant: core, workload: {kind: Deployment, name: api}, estimate: 1m, timeout: 1m}]}
08:01     flux applies api 2 {spec: {progressDeadlineSeconds: 600, template: {metadata: {annotations: {kwok.test/ready-delay: 200s}}}}}
08:02     core signs slow
08:08     slow is finished
