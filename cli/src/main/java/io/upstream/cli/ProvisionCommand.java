// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.upstream.Assignment;
import io.upstream.Credentials;
import io.upstream.FailureKind;
import io.upstream.Provisioning;
import io.upstream.Registration;
import io.upstream.SasKey;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.UpstreamOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Registers a device with the Device Provisioning Service. */
@Command(
        name = "provision",
        mixinStandardHelpOptions = true,
        description = {
            "Registers a device with the Device Provisioning Service and prints the hub and the device id that it is assigned.",
            "Keys are not printed: --save writes the connection string into a file.",
            "The whole registration may take as long as --timeout says, for each protocol that is tried."
        })
final class ProvisionCommand extends Operation {
    private static final ObjectMapper JSON = new ObjectMapper();

    @Mixin
    private final RegistrationOptions who = new RegistrationOptions();

    @Mixin
    private final ConnectionOptions connection = new ConnectionOptions();

    @Option(
            names = "--host",
            paramLabel = "H",
            defaultValue = Provisioning.GLOBAL_HOST,
            description = "The host of the service; default " + Provisioning.GLOBAL_HOST + ".")
    private String host = Provisioning.GLOBAL_HOST;

    @Option(
            names = "--save",
            paramLabel = "FILE",
            description =
                    "Write the connection string, key included, into this file, for --connection-string-file of the other"
                            + " commands. Only its owner can read it.")
    private @Nullable Path save;

    ProvisionCommand(Surroundings around) {
        super(around);
    }

    @Override
    int perform(Console console) throws Exception {
        UpstreamOptions service = service();
        Registration registration = registration(service);
        console.progress("registering " + registration.registrationId() + " at " + host);
        Assignment assignment = register(service, registration);
        if (save != null) {
            save(save, connectionString(assignment, registration.credentials(), true));
        }
        if (console.isJson()) {
            console.json(json(assignment));
        } else {
            console.print(human(assignment, registration.credentials()));
        }
        return Cli.DONE;
    }

    private UpstreamOptions service() throws UpstreamException {
        try {
            return connection.resolve(host, null, around().env()).build();
        } catch (IllegalArgumentException e) {
            throw usage(String.valueOf(e.getMessage()));
        }
    }

    private Registration registration(UpstreamOptions service) {
        Duration limit = connection.timeout().multipliedBy(service.protocols().size());
        try {
            return who.resolve(around().env())
                    .timeout(limit.compareTo(UpstreamOptions.MAX_TIMEOUT) > 0 ? UpstreamOptions.MAX_TIMEOUT : limit);
        } catch (IllegalArgumentException e) {
            throw usage(String.valueOf(e.getMessage()));
        }
    }

    private Assignment register(UpstreamOptions service, Registration registration)
            throws UpstreamException, StoppedException, InterruptedException {
        CompletableFuture<Assignment> registering =
                Provisioning.register(service, registration).toCompletableFuture();
        try {
            return Link.await(registering, registration.timeout(), around().stop());
        } catch (UpstreamException e) {
            throw Link.ofAll(service.protocols(), e);
        } finally {
            registering.cancel(false);
        }
    }

    private static void save(Path file, String text) throws UpstreamException {
        try {
            SecretFile.write(file, text);
        } catch (IOException e) { // without its text: some file systems repeat more than the name
            throw UpstreamException.of(
                    FailureKind.CONFIGURATION,
                    Where.here("save"),
                    "the device is assigned, but the file " + file + " cannot be written: check its directory",
                    e);
        }
    }

    private static String connectionString(Assignment assignment, Credentials credentials, boolean whole) {
        String names = "HostName=" + assignment.hubHost() + ";DeviceId="
                + assignment.identity().deviceId();
        if (!(credentials instanceof SasKey key)) {
            return names + ";x509=true";
        }
        return whole ? names + ";SharedAccessKey=" + key.text() : names;
    }

    private static String human(Assignment assignment, Credentials credentials) {
        String how = assignment.substatus().isEmpty() ? "" : " (" + assignment.substatus() + ")";
        String payload = assignment.payload().map(json -> "\npayload " + json).orElse("");
        return "assigned to " + assignment.hubHost() + " as " + assignment.identity() + " over "
                + assignment.protocol().wireName() + how + "\n" + connectionString(assignment, credentials, false)
                + payload;
    }

    private static ObjectNode json(Assignment assignment) throws JsonProcessingException {
        ObjectNode json = Console.event("assigned")
                .put("hubHost", assignment.hubHost())
                .put("deviceId", assignment.identity().deviceId())
                .put("substatus", assignment.substatus())
                .put("protocol", assignment.protocol().wireName());
        if (assignment.payload().isPresent()) {
            json.set("payload", JSON.readTree(assignment.payload().get()));
        }
        return json;
    }
}
