# What a person does with kubectl. Every line is a command. What it prints is in expected.txt, recorded from a real
# control plane (kube-apiserver 1.36, its controllers, kwok for the node): `FAIRWAY_E2E_RECORD=1 cargo xtask e2e --only kubectl`.
# A line that starts with `@` is only there to get somewhere: it must succeed, and its output is not compared.
# A line that starts with `~` tells what controllers bring about, events with it: it is asked until it prints what is recorded.
# `# differs: why` above a line: the devcluster is known to print something else.

# discovery
kubectl api-resources --sort-by=name | awk '{print $1, $(NF-1), $NF}'
kubectl api-resources --api-group=apps -o wide
kubectl api-versions
kubectl version -o json | grep -A12 serverVersion | grep -E '"(major|minor|gitVersion)"'
kubectl cluster-info | head -1
kubectl explain deployment.spec.strategy
kubectl explain service
kubectl explain pod.spec.containers.ports | awk '/^  [a-z]/'
kubectl explain pods --recursive | awk '/^ +[a-zA-Z]+\t/' | head -60
kubectl explain nosuch
kubectl explain deployment.spec.nosuch

# create without a file
kubectl create namespace one
@ kubectl config set-context --current --namespace=one
@ until kubectl get serviceaccount default; do sleep 0.1; done
kubectl create configmap settings --from-literal=colour=blue --from-literal=size=2
kubectl create secret generic login --from-literal=user=somebody
kubectl create secret docker-registry pull --docker-server=registry.example.com --docker-username=u --docker-password=p
kubectl create secret tls cert --cert=nosuch --key=nosuch
kubectl create deployment made --image=example.com/made:1 --replicas=1 --port=80
kubectl create serviceaccount robot
kubectl create role reader --verb=get,list --resource=pods,configmaps
kubectl create rolebinding reader --role=reader --serviceaccount=one:robot
kubectl create clusterrole nodes --verb=get --resource=nodes
kubectl create clusterrolebinding nodes --clusterrole=nodes --user=jane
kubectl create service clusterip made --tcp=80:8080
kubectl create service nodeport port --tcp=80
kubectl create quota small --hard=pods=50,services=50
kubectl create poddisruptionbudget made --selector=app=made --min-available=1
kubectl create priorityclass high --value=1000 --description=high
kubectl create ingress made --rule="example.com/*=made:80" --class=traefik
kubectl create job once --image=example.com/job:1 -- true
kubectl create cronjob often --image=example.com/job:1 --schedule="0 4 1 1 *"
kubectl create job manual --from=cronjob/often
kubectl create token robot | awk -F. '{print NF}'
kubectl create configmap settings --from-literal=a=b
kubectl create deployment bad_name --image=x
kubectl create configmap dry --from-literal=a=b --dry-run=server -o yaml
kubectl create configmap dry --from-literal=a=b --dry-run=client -o yaml
kubectl create -k kustomize
kubectl run single --image=example.com/single:1 --labels=app=single
kubectl expose deployment made --port=81 --name=exposed
@ kubectl rollout status deployment/made --timeout=80s
@ kubectl wait --for=condition=complete job/once job/manual --timeout=80s

# tables
~ kubectl get all
~ kubectl get deployment,replicaset,pod -o wide
~ kubectl get configmap,secret,serviceaccount
kubectl get role,rolebinding -o wide
~ kubectl get poddisruptionbudget,resourcequota,cronjob,job
# differs: an Ingress gets an address, as if its controller ran
kubectl get ingress
kubectl autoscale deployment made --min=1 --max=3 --cpu=80%
kubectl get hpa made -o custom-columns=MIN:.spec.minReplicas,MAX:.spec.maxReplicas,TARGET:.spec.metrics[0].resource.target.averageUtilization
~ kubectl get endpointslices,endpoints
kubectl get priorityclass
kubectl get namespaces --show-labels
kubectl get pods -l app=single -o name
~ kubectl get pods --field-selector=status.phase=Succeeded,spec.restartPolicy=Never -o name | wc -l
kubectl get pods --field-selector=spec.nosuch=1
~ kubectl get pods --sort-by=.metadata.name -o custom-columns=NAME:.metadata.name,PHASE:.status.phase,QOS:.status.qosClass
kubectl get configmap settings -o jsonpath='{.data.colour}{"\n"}'
kubectl get configmap settings -o yaml
~ kubectl get deployment made -o yaml
kubectl get service made -o yaml
~ kubectl get pod single -o yaml | sed '/^status:/,$d'
kubectl get pod nosuch
kubectl get nosuch
kubectl get pods -n nosuch
~ kubectl get pods --chunk-size=1 -o name | wc -l
~ kubectl get --raw /api/v1/namespaces/one/configmaps?limit=1 | grep -o '"remainingItemCount":[0-9]*'
kubectl get --raw '/api/v1/namespaces/one/configmaps?resourceVersion=1&resourceVersionMatch=Exact'
kubectl get --raw /readyz
kubectl get --raw /apis/apps/v1/nosuch

# apply, diff, edit, patch
kubectl apply -f web.yaml
kubectl apply -f web.yaml
@ kubectl rollout status deployment/web --timeout=80s
kubectl diff -f web-2.yaml | grep '^[-+] '
kubectl apply -f web-2.yaml
@ kubectl rollout status deployment/web --timeout=80s
kubectl apply --server-side -f web-2.yaml --dry-run=server
kubectl apply --server-side -f web-2.yaml --field-manager=other
kubectl apply --server-side -f web.yaml --field-manager=another
kubectl apply --server-side -f web.yaml --field-manager=another --force-conflicts
KUBE_EDITOR="sed -i s/blue/green/" kubectl edit configmap settings
KUBE_EDITOR="sed -i s/zzz/green/" kubectl edit configmap settings
KUBE_EDITOR="sed -i s/kind:.ConfigMap/kind:.Nosuch/" kubectl edit configmap settings 2>&1 | grep -v tmp
kubectl patch configmap settings -p '{"data":{"size":"3"}}'
kubectl patch configmap settings --type=json -p '[{"op":"remove","path":"/data/size"}]'
kubectl patch configmap settings --type=json -p '[{"op":"remove","path":"/data/size"}]'
kubectl patch deployment web -p '{"spec":{"template":{"spec":{"containers":[{"name":"web","image":"example.com/web:3.0"}]}}}}'
@ kubectl rollout status deployment/web --timeout=80s
kubectl patch deployment web --subresource=scale --type=merge -p '{"spec":{"replicas":2}}'
# differs: the whole object stands in the message instead of the patch
kubectl patch deployment web -p '{"spec":{"replicas":"many"}}'
kubectl patch deployment web --type=merge -p '{"spec":{"selector":{"matchLabels":{"app":"other"}}}}'
kubectl label deployment web tier=front
kubectl label deployment web tier=back
kubectl label deployment web tier=back --overwrite
kubectl label deployment web tier-
kubectl annotate deployment web note=hello
kubectl set image deployment/web web=example.com/web:4.0
kubectl set env deployment/web COLOUR=red
kubectl set resources deployment/web --limits=memory=64Mi
kubectl scale deployment web --replicas=4
kubectl scale deployment web --current-replicas=9 --replicas=4
kubectl scale statefulset nosuch --replicas=4
@ kubectl rollout status deployment/web --timeout=80s
kubectl replace -f widget.yaml
kubectl apply view-last-applied configmap k-plain 2>&1 | head -2
echo '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"typo"},"dta":{}}' | kubectl apply -f -
echo '{"apiVersion":"v1","kind":"Service","metadata":{"name":"bad"},"spec":{"ports":[{"port":99999}]}}' | kubectl create -f -
kubectl get deployment web -o yaml | sed 's/replicas: 4/replicas: 2/' | kubectl replace -f -
@ kubectl rollout status deployment/web --timeout=80s

# rollout
~ kubectl rollout history deployment/web
~ kubectl rollout history deployment/web --revision=1
kubectl rollout undo deployment/web --to-revision=1
kubectl rollout pause deployment/web
kubectl rollout pause deployment/web
kubectl rollout resume deployment/web
kubectl rollout restart deployment/web
@ kubectl rollout status deployment/web --timeout=80s
kubectl rollout status deployment/web
kubectl rollout status deployment/nosuch
kubectl apply -f stateful.yaml
@ kubectl rollout status statefulset/db --timeout=80s
@ kubectl rollout status daemonset/agent --timeout=80s
~ kubectl get statefulset,daemonset -o wide
kubectl set image statefulset/db db=example.com/db:2
@ kubectl rollout status statefulset/db --timeout=80s
kubectl set image daemonset/agent agent=example.com/agent:2
@ kubectl rollout status daemonset/agent --timeout=80s
~ kubectl get controllerrevisions --sort-by=.metadata.name
~ kubectl rollout history statefulset/db
~ kubectl rollout history daemonset/agent --revision=2
kubectl rollout undo statefulset/db
kubectl rollout undo daemonset/agent --to-revision=1
@ kubectl rollout status statefulset/db --timeout=80s
@ kubectl rollout status daemonset/agent --timeout=80s
~ kubectl get pods -l app=db -o jsonpath='{range .items[*]}{.metadata.name} {.spec.containers[0].image}{"\n"}{end}'
~ kubectl rollout history statefulset/db
~ kubectl get statefulset db -o yaml

# describe
kubectl describe configmap settings
kubectl describe secret login
~ kubectl describe deployment web | sed '/^OldReplicaSets/,$d'
~ kubectl describe deployment made
~ kubectl describe replicaset -l app=made
~ kubectl describe pod single | grep -vE 'kubelet|Image ID|Container ID|PodReadyToStart|^Node:'
~ kubectl describe pod db-0 | grep -vE 'kubelet|Image ID|Container ID|PodReadyToStart|^Node:'
~ kubectl describe service web
~ kubectl describe statefulset db
~ kubectl describe daemonset agent
~ kubectl describe job once
~ kubectl describe cronjob often
kubectl describe ingress made | grep -v ^Address
# differs: metrics are simulated, so that what waits for them becomes healthy
~ kubectl describe hpa made
~ kubectl describe poddisruptionbudget made
~ kubectl describe quota small
kubectl describe serviceaccount robot
kubectl describe role reader
kubectl describe rolebinding reader
kubectl describe clusterrole nodes
~ kubectl describe namespace one
kubectl describe priorityclass high
~ kubectl describe endpointslice -l kubernetes.io/service-name=web
kubectl describe node | grep -E '^(Name|Taints|Unschedulable|Conditions):'
~ kubectl events --for deployment/made | awk '{print $2, $3, $4}'
~ kubectl get events --field-selector involvedObject.name=single,reason=Scheduled -o custom-columns=TYPE:.type,REASON:.reason,FROM:.source.component,MESSAGE:.message --sort-by=.reason

# logs and the like, with nothing that runs
kubectl exec single -- ls 2>&1 | head -1 | cut -d: -f1
kubectl logs nosuch
kubectl attach nosuch
kubectl port-forward pod/nosuch 8080:80
kubectl cp nosuch:/a /tmp/a 2>&1 | tail -1
kubectl top nodes
kubectl top pods

# who may do what
kubectl auth can-i create deployments
kubectl auth can-i list pods --as=system:serviceaccount:one:robot
kubectl auth can-i delete pods --as=system:serviceaccount:one:robot
kubectl auth can-i --list --as=system:serviceaccount:one:robot | sort | head -8
kubectl auth whoami -o jsonpath='{.status.userInfo.username}{"\n"}'
kubectl get pods --as=system:serviceaccount:one:robot -o name | wc -l
kubectl delete pod single --as=system:serviceaccount:one:robot

# nodes
kubectl get nodes -o name
kubectl taint node --all special=true:PreferNoSchedule
kubectl taint node --all special:PreferNoSchedule-
kubectl cordon $(kubectl get nodes -o name)
kubectl get nodes | awk '{print $1, $2}'
kubectl run waits --image=example.com/waits:1
~ kubectl get pod waits
~ kubectl describe pod waits | sed -n '/^Events/,$p' | sed 's/.*FailedScheduling/FailedScheduling/'
kubectl uncordon $(kubectl get nodes -o name)
@ kubectl wait --for=condition=ready pod/waits --timeout=20s
@ kubectl delete pdb made
# Its warnings come in the order of a Go map, which is none: they are left out.
~ kubectl drain $(kubectl get nodes -o name) --dry-run=client --ignore-daemonsets --force 2>/dev/null | cut -d' ' -f1 | sort | uniq -c
~ kubectl get deployment web

# watch and wait
kubectl get configmap -w -o name >watched & until grep -qs settings watched; do sleep 0.1; done; kubectl create configmap seen --from-literal=a=b >/dev/null; kubectl delete configmap seen >/dev/null; until [ "$(grep -c seen watched)" = 2 ]; do sleep 0.1; done; kill $!; cat watched
kubectl wait --for=condition=available deployment/web --timeout=80s
kubectl wait --for=jsonpath='{.data.colour}'=green configmap/settings --timeout=5s
kubectl wait --for=condition=available deployment/nosuch --timeout=1s
kubectl wait --for=delete configmap/nosuch --timeout=5s
kubectl wait --for=condition=nosuch deployment/web --timeout=1s

# jobs
kubectl apply -f cron.yaml
kubectl get cronjob nightly
kubectl create job broken --image=example.com/job:1 --dry-run=client -o yaml -- x | sed 's/spec:/spec:\n  suspend: true/;0,/suspend/s///' | head -3
kubectl patch cronjob nightly -p '{"spec":{"suspend":true}}'
~ kubectl describe job manual
~ kubectl get job manual -o yaml

# custom resources
kubectl apply -f crd.yaml
@ kubectl wait --for=condition=established crd/widgets.example.com --timeout=10s
@ until kubectl explain widget; do sleep 0.1; done
kubectl apply -f widget.yaml
~ kubectl get widgets
kubectl get wd small -o yaml
kubectl get widgets.v2.example.com small -o jsonpath='{.apiVersion} {.spec.size}{"\n"}'
kubectl explain widget.spec
kubectl explain widget --recursive | awk '/^ +[a-zA-Z]+\t/'
kubectl scale widget small --replicas=3
kubectl patch widget small --type=merge -p '{"spec":{"size":0}}'
kubectl patch widget small --type=merge -p '{"spec":{"size":9}}'
kubectl patch widget small --type=merge -p '{"spec":{"unknown":1}}'
kubectl patch widget small --type=merge -p '{"spec":{"colour":"green"}}'
~ kubectl describe widget small | grep -v 'Resource Version'
kubectl api-resources --api-group=example.com
kubectl delete crd widgets.example.com
~ kubectl get widgets

# admission
kubectl create namespace two
@ until kubectl -n two get serviceaccount default; do sleep 0.1; done
kubectl -n two apply -f limits.yaml
@ until kubectl -n two get resourcequota quota -o jsonpath='{.status.hard}' | grep .; do sleep 0.1; done
kubectl -n two run roomy --image=example.com/a:1
kubectl -n two get pod roomy -o jsonpath='{.spec.containers[0].resources}{"\n"}{.metadata.annotations}{"\n"}'
kubectl -n two run large --image=example.com/a:1 --overrides='{"spec":{"containers":[{"name":"c","image":"x","resources":{"limits":{"cpu":"3","memory":"64Mi"}}}]}}'
kubectl -n two run tiny --image=example.com/a:1 --overrides='{"spec":{"containers":[{"name":"c","image":"x","resources":{"limits":{"cpu":"5m","memory":"64Mi"},"requests":{"cpu":"5m"}}}]}}'
kubectl -n two run ratio --image=example.com/a:1 --overrides='{"spec":{"containers":[{"name":"c","image":"x","resources":{"limits":{"cpu":"1","memory":"64Mi"},"requests":{"cpu":"10m"}}}]}}'
kubectl -n two run greedy --image=example.com/a:1 --overrides='{"spec":{"containers":[{"name":"c","image":"x","resources":{"limits":{"cpu":"900m","memory":"64Mi"},"requests":{"cpu":"900m"}}}]}}'
kubectl -n two create configmap a
kubectl -n two create configmap b
@ until kubectl -n two get resourcequota quota -o jsonpath='{.status.used.configmaps}' | grep -x 3; do sleep 0.1; done
kubectl -n two create configmap c
kubectl -n two create deployment first --image=example.com/a:1 --replicas=5
kubectl -n two create deployment second --image=example.com/a:1
kubectl -n two create service nodeport port --tcp=80
echo '{"apiVersion":"v1","kind":"PersistentVolumeClaim","metadata":{"name":"big"},"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"20Gi"}}}}' | kubectl -n two create -f -
echo '{"apiVersion":"v1","kind":"PersistentVolumeClaim","metadata":{"name":"big"},"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"6Gi"}}}}' | kubectl -n two create -f -
~ kubectl -n two get pods | wc -l
~ kubectl -n two describe quota quota
kubectl -n two describe limits limits | LC_ALL=C sort
~ kubectl -n two describe replicaset -l app=first | grep -o 'exceeded quota.*' | sort -u | head -1
~ kubectl -n two describe deployment first | sed -n '/^Conditions/,/^OldReplica/p'
kubectl create namespace tight
kubectl label namespace tight pod-security.kubernetes.io/enforce=restricted pod-security.kubernetes.io/warn=restricted
@ until kubectl -n tight get serviceaccount default; do sleep 0.1; done
@ until kubectl -n tight run probe --image=example.com/a:1 --dry-run=server 2>&1 | grep PodSecurity; do sleep 0.1; done
kubectl -n tight run plain --image=example.com/a:1
kubectl -n tight create deployment plain --image=example.com/a:1
kubectl -n tight run good --image=example.com/a:1 --overrides='{"spec":{"securityContext":{"runAsNonRoot":true,"seccompProfile":{"type":"RuntimeDefault"}},"containers":[{"name":"c","image":"x","securityContext":{"allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]}}}]}}'
kubectl label namespace tight pod-security.kubernetes.io/enforce=baseline --overwrite
@ until kubectl -n tight run probe --image=example.com/a:1 --dry-run=server; do sleep 0.1; done
kubectl -n tight run privileged --image=example.com/a:1 --overrides='{"spec":{"hostNetwork":true,"volumes":[{"name":"h","hostPath":{"path":"/"}}],"containers":[{"name":"c","image":"x","securityContext":{"privileged":true,"capabilities":{"add":["SYS_ADMIN"]}}}]}}'
kubectl label namespace tight pod-security.kubernetes.io/enforce=nosuch --overwrite
kubectl apply -f policy.yaml
@ kubectl label namespace two policy=on
@ until kubectl -n two create deployment third --image=example.com/a:latest --dry-run=server 2>&1 | grep no-latest; do sleep 0.1; done
kubectl -n two create deployment third --image=example.com/a:latest
kubectl create namespace one

# deletion
kubectl delete configmap settings
kubectl delete configmap settings
kubectl delete configmap settings --ignore-not-found
kubectl delete deployment made --cascade=orphan
~ kubectl get replicaset -l app=made -o name | wc -l
kubectl delete deployment web --cascade=foreground --timeout=20s
~ kubectl get pods -l app=web
kubectl delete job --all
kubectl delete pod single --grace-period=0 --force
kubectl delete -f stateful.yaml
kubectl delete namespace tight --wait=false
@ kubectl wait --for=delete namespace/tight --timeout=80s
kubectl get namespace tight
kubectl delete clusterrole/nodes clusterrolebinding/nodes priorityclass/high
kubectl delete namespace default
