package io.tidegate.gateway.http;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.Executor;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.util.URIUtil;

/**
 * Every route that the server knows, in one place. A pattern's {@code {name}} is one part of the path, {@code {name+}}
 * the rest of it.
 *
 * <p>Immutable.
 */
final class Routes {
    private record Route(String method, List<String> pattern, Endpoint endpoint) {}

    private final List<Route> routes = new ArrayList<>();

    Routes(
            HttpSettings settings,
            HttpParts parts,
            Executor executor,
            RecordWriter writer,
            Tails tails,
            ReadQuotas quotas) {
        HttpSettings.Limits limits = settings.limits();
        BodyBudget budget = new BodyBudget(limits.bodiesBytesMax());
        StatusView status = new StatusView(parts);
        Streams streams = new Streams(parts.log(), quotas);

        PutRecords put = new PutRecords(parts, limits, budget, writer);
        GetRecords get = new GetRecords(parts.log(), quotas);
        add("POST", "/api/v1/streams/{stream}/records", put::handle);
        add("GET", "/api/v1/streams/{stream}/records", get::handle);
        add("GET", "/api/v1/streams/{stream}/tail", new TailRecords(parts.log(), tails, quotas)::handle);
        Consumers dedicated = new Consumers(parts.log());
        ConsumerRoutes consumers = new ConsumerRoutes(parts, limits, budget, dedicated, tails, executor);
        add("GET", "/api/v1/streams/{stream}/consumers", consumers::list);
        add("POST", "/api/v1/streams/{stream}/consumers", consumers::register);
        add("GET", "/api/v1/streams/{stream}/consumers/{consumer}", consumers::describe);
        add("DELETE", "/api/v1/streams/{stream}/consumers/{consumer}", consumers::deregister);
        add("POST", "/api/v1/streams/{stream}/consumers/{consumer}/checkpoint", consumers::confirm);
        add("GET", "/api/v1/streams/{stream}/consumers/{consumer}/records", consumers::subscribe);
        StreamChanges changes = new StreamChanges(parts, limits, budget, streams, dedicated);
        add("GET", "/api/v1/streams", streams::list);
        add("POST", "/api/v1/streams", changes::create);
        add("PATCH", "/api/v1/streams/{stream}", changes::change);
        add("DELETE", "/api/v1/streams/{stream}", changes::delete);
        add("POST", "/api/v1/streams/{stream}/split", changes::split);
        add("POST", "/api/v1/streams/{stream}/merge", changes::merge);
        add("GET", "/api/v1/streams/{stream}", streams::describe);
        add("GET", "/api/v1/streams/{stream}/shards", streams::shards);
        add("GET", "/api/v1/status", status::status);
        add("GET", "/api/v1/cameras/{camera}/snapshot.jpg", new Snapshots(parts.snapshots(), executor)::handle);
        add("GET", "/api/v1/media/{id}", new Media(parts.media())::handle);
        add("GET", "/metrics", new Metrics(parts, new GatewayMetrics(parts, budget, tails, writer, quotas))::handle);
        add("GET", "/healthz", status::health);
        add("GET", "/readyz", status::ready);

        Console console = Console.load();
        add("GET", "/", (exchange, parameters) -> exchange.redirect("/console/"));
        add("GET", "/console", (exchange, parameters) -> exchange.redirect("/console/"));
        add("GET", "/console/", console::handle);
        add("GET", "/console/{file}", console::handle);

        Mounts mounts = new Mounts(parts, limits, budget, executor);
        if (parts.ingest() != null) {
            add("POST", "/ingest/{path+}", mounts::ingest);
        }
        if (parts.sync() != null) {
            add("GET", "/sync/v1/{path+}", mounts::sync);
            add("POST", "/sync/v1/{path+}", mounts::sync);
            add("PUT", "/sync/v1/{path+}", mounts::media);
        }
    }

    private void add(String method, String pattern, Endpoint endpoint) {
        routes.add(new Route(method, List.of(pattern.split("/", -1)), endpoint));
    }

    /** Answers or throws a problem: 404 for a path that nobody knows, 405 for a method that a known path has not. */
    void handle(Exchange exchange, String path) {
        String method = exchange.request().getMethod();
        String asked = method.equals("HEAD") ? "GET" : method;
        List<String> parts = List.of(path.split("/", -1));
        TreeSet<String> allowed = new TreeSet<>();
        for (Route route : routes) {
            Optional<PathParameters> parameters = match(route.pattern(), parts);
            if (parameters.isPresent()) {
                if (route.method().equals(asked)) {
                    route.endpoint().handle(exchange, parameters.get());
                    return;
                }
                allowed.add(route.method());
            }
        }
        if (allowed.isEmpty()) {
            throw new HttpProblemException(404, "not-found", "there is nothing at " + path);
        }
        String methods = String.join(", ", allowed);
        exchange.response().getHeaders().put(HttpHeader.ALLOW, methods);
        throw new HttpProblemException(405, "method-not-allowed", path + " takes " + methods + ", found " + method);
    }

    private static Optional<PathParameters> match(List<String> pattern, List<String> parts) {
        PathParameters parameters = new PathParameters();
        for (int i = 0; i < pattern.size(); i++) {
            String expected = pattern.get(i);
            if (i >= parts.size()) {
                return Optional.empty();
            }
            if (expected.endsWith("+}")) {
                String rest = URIUtil.decodePath(String.join("/", parts.subList(i, parts.size())));
                parameters.put(expected.substring(1, expected.length() - 2), rest);
                return Optional.of(parameters);
            }
            String found = parts.get(i);
            if (expected.startsWith("{") && !found.isEmpty()) {
                parameters.put(expected.substring(1, expected.length() - 1), URIUtil.decodePath(found));
            } else if (!expected.equals(found)) {
                return Optional.empty();
            }
        }
        return parts.size() == pattern.size() ? Optional.of(parameters) : Optional.empty();
    }
}
