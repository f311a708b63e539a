// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import io.upstream.Assignment;
import io.upstream.ClientCertificate;
import io.upstream.ConnectionString;
import io.upstream.Credentials;
import io.upstream.HostPort;
import io.upstream.Identity;
import io.upstream.MethodResponse;
import io.upstream.Provisioning;
import io.upstream.Registration;
import io.upstream.SasToken;
import io.upstream.SasTokenProvider;
import io.upstream.Settlement;
import io.upstream.Telemetry;
import io.upstream.Trust;
import io.upstream.UpstreamException;
import io.upstream.UpstreamOptions;
import io.upstream.UpstreamProtocol;
import io.upstream.UpstreamSession;
import io.upstream.UpstreamTransport;
import io.upstream.proxy.ProxySettings;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;

/** The README's Java: what stands between {@code // example: NAME} and {@code // end} is there word for word. */
final class ReadmeExamples {
    private ReadmeExamples() {}

    static UpstreamOptions options() {
        // example: options
        ConnectionString device = ConnectionString.parse(System.getenv("UPSTREAM_CONNECTION_STRING"));
        UpstreamOptions options = UpstreamOptions.forHub(device.hubHost())
                .protocol(UpstreamProtocol.MQTT)
                .build();
        // end
        return options;
    }

    static void send(ConnectionString device, UpstreamOptions options) {
        // example: send
        try (UpstreamTransport transport = UpstreamTransport.create(options)) {
            UpstreamSession session = transport
                    .open(device.identity(), device.credentials())
                    .toCompletableFuture()
                    .join();
            session.send(Telemetry.json("{\"t\":21.5}").property("alert", "false"))
                    .toCompletableFuture()
                    .join(); // the hub has it
        }
        // end
    }

    static void receive(UpstreamSession session) {
        // example: receive
        session.onMessage(message -> {
            System.out.println(
                    message.messageId().orElse("-") + " " + StandardCharsets.UTF_8.decode(message.payload()));
            return CompletableFuture.completedFuture(Settlement.COMPLETE);
        });
        // end
    }

    static CompletableFuture<Long> twin(UpstreamSession session) {
        // example: twin
        session.onMethod(request -> MethodResponse.ok(request.payload())); // answers each call with what it was given
        session.onDesiredChange(change -> System.out.println("desired " + change.version() + ": " + change.patch()));
        CompletableFuture<Long> reported = session.twin()
                .thenCompose(twin -> session.report("{\"seen\":" + twin.desiredVersion() + "}"))
                .toCompletableFuture();
        // end
        return reported;
    }

    static void failure(UpstreamSession session) {
        // example: failure
        session.send(Telemetry.json("{}")).whenComplete((done, error) -> {
            if (error instanceof UpstreamException failure) {
                System.err.println(failure.kind() + " at " + failure.hop() + " in stage " + failure.stage());
                System.err.println(failure.isTransient() ? "worth another try" : failure.getMessage());
            }
        });
        // end
    }

    static CompletableFuture<Void> template(UpstreamSession session, List<byte[]> readings) {
        // example: template
        Telemetry template =
                Telemetry.of(new byte[0]).property("sensor", "boiler-3").contentType("application/cbor");
        CompletableFuture<?>[] underWay = readings.stream()
                .map(reading -> session.send(template.withPayload(reading)).toCompletableFuture())
                .toArray(CompletableFuture<?>[]::new);
        // end
        return CompletableFuture.allOf(underWay);
    }

    static CompletionStage<UpstreamSession> token(
            UpstreamTransport transport, Identity device, Function<String, CompletionStage<String>> signer) {
        // example: token
        SasTokenProvider tokens = request -> signer.apply(request.resource()).thenApply(SasToken::of);
        CompletionStage<UpstreamSession> session = transport.open(device, tokens);
        // end
        return session;
    }

    static CompletionStage<UpstreamSession> certificate(UpstreamTransport transport, Identity device, Path directory) {
        // example: certificate
        ClientCertificate certificate =
                ClientCertificate.pem(directory.resolve("cert.pem"), directory.resolve("key.pem"));
        CompletionStage<UpstreamSession> session = transport.open(device, certificate);
        // end
        return session;
    }

    static UpstreamOptions proxy() {
        // example: proxy
        UpstreamOptions options = UpstreamOptions.forHub("my-hub.azure-devices.net")
                .protocols(UpstreamProtocol.MQTT_WS, UpstreamProtocol.AMQP_WS) // tried in this order
                .proxy(ProxySettings.fromUrl("http://user:p%40ss@proxy.example:3128"))
                .trust(Trust.systemAnd(Path.of("site-ca.pem")))
                .build();
        // end
        return options;
    }

    static ProxySettings proxies() {
        // example: proxies
        ProxySettings settings = ProxySettings.builder()
                .proxies("https://proxy-a.example:8443,https://proxy-b.example:8443")
                .trust(Trust.systemAnd(Path.of("proxy-ca.pem"))) // which certificates the proxies may show
                .exceptions("10.0.0.0/8,.plant.example") // as in no_proxy
                .build();
        System.out.println(settings.explain(new HostPort("my-hub.azure-devices.net", 443))); // and why
        // end
        return settings;
    }

    static UpstreamOptions service() {
        // example: service
        UpstreamOptions service = UpstreamOptions.forHub(Provisioning.GLOBAL_HOST)
                .protocol(UpstreamProtocol.MQTT_WS)
                .proxy(ProxySettings.fromEnvironment())
                .build();
        // end
        return service;
    }

    static void register(UpstreamOptions service, Credentials key) {
        // example: register
        Registration sensor = Registration.of("0ne000A1B2C", "sensor-7", key).payload("{\"site\":\"north\"}");
        Assignment assigned =
                Provisioning.register(service, sensor).toCompletableFuture().join(); // within sensor.timeout(), 60 s
        UpstreamOptions options = service.toBuilder().hub(assigned.hubHost()).build();
        try (UpstreamTransport transport = UpstreamTransport.create(options)) {
            UpstreamSession session = transport
                    .open(assigned.identity(), key)
                    .toCompletableFuture()
                    .join();
            session.send(Telemetry.json("{\"t\":21.5}")).toCompletableFuture().join();
        }
        // end
    }
}
