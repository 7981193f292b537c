# A step that takes longer than it may, and a team that does not let it be taken back.
#
# The team consents to being held and let go, not to a rollback: so the release says what it would do, and halts.

08:00     operator a starts
08:00     anna creates window always
08:00     anna creates team core {allow: [{namespace: releases, actions: [Hold, Release]}]}
08:00     flux applies api 1 {spec: {replicas: 1}}
08:01     lena creates release slow {steps: [{name: api, estimate: 1m, timeout: 1m}]}
08:01     flux applies api 2 {spec: {replicas: 1, progressDeadlineSeconds: 600, template: {metadata: {annotations: {kwok.test/ready-delay: 200s}}}}}
08:02     core signs slow
08:06     slow is finished
