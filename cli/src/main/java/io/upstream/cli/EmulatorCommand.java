// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.upstream.FailureKind;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.emulator.EmulatorBuilder;
import io.upstream.emulator.IotHubEmulator;
import io.upstream.emulator.provisioning.Attestation;
import io.upstream.emulator.provisioning.Enrolment;
import io.upstream.emulator.provisioning.ProvisioningService;
import io.upstream.emulator.provisioning.StoredEnrolment;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Runs a hub. */
@Command(
        name = "emulator",
        mixinStandardHelpOptions = true,
        description = {
            "Runs an IoT Hub on this machine until a signal ends it, and prints how to reach it: ports, certificate, connection"
                    + " strings.",
            "Port 0 means any free one. Keys without a value are made anew at each start; the certificate authority is kept."
        })
final class EmulatorCommand extends Operation {
    @Option(
            names = "--dir",
            paramLabel = "D",
            description =
                    "Where the certificate authority is kept; default .upstream-emulator in the current directory.")
    private Path directory = Path.of(".upstream-emulator");

    @Option(names = "--host", paramLabel = "H", description = "The address to bind to; default 127.0.0.1.")
    private String host = "127.0.0.1";

    @Option(
            names = "--host-name",
            paramLabel = "NAME",
            description = "The name in certificate and connection strings; default localhost.")
    private String hostName = "localhost";

    @Option(names = "--mqtt-port", paramLabel = "N", description = "Default 8883.")
    private int mqttPort = 8883;

    @Option(names = "--amqp-port", paramLabel = "N", description = "Default 5671.")
    private int amqpPort = 5671;

    @Option(names = "--ws-port", paramLabel = "N", description = "For MqttWs and AmqpWs; default 443.")
    private int webSocketPort = 443;

    @Option(names = "--api-port", paramLabel = "N", description = "For the control API over HTTP; default 8080.")
    private int apiPort = 8080;

    @Option(
            names = "--device",
            paramLabel = "ID[=KEY]",
            description = "A device to register; its key is base64 of 16 to 64 bytes, or made. May be repeated.")
    private String[] devices = {};

    @Option(
            names = "--enroll",
            paramLabel = "ID[=KEY]",
            description = "A device to enrol with the provisioning service, by its registration id. May be repeated.")
    private String[] enrolments = {};

    @Option(
            names = "--enroll-group",
            paramLabel = "NAME[=KEY]",
            description = "A group of devices to enrol, whose keys are derived from the group's. May be repeated.")
    private String[] groups = {};

    EmulatorCommand(Surroundings around) {
        super(around);
    }

    @Override
    int perform(Console console) throws Exception {
        List<String> ids = new ArrayList<>();
        try (IotHubEmulator hub = start(builder(ids))) {
            enrol(hub.provisioning());
            if (console.isJson()) {
                console.json(ready(hub, ids));
            } else {
                console.print(description(hub, ids));
            }
            around().stop().requested().join();
            return Cli.DONE;
        }
    }

    private EmulatorBuilder builder(List<String> ids) {
        for (int port : new int[] {mqttPort, amqpPort, webSocketPort, apiPort}) {
            if (port < 0 || port > 65_535) {
                throw usage("a port must be 0..65535, was " + port);
            }
        }
        EmulatorBuilder builder = IotHubEmulator.builder()
                .directory(directory)
                .host(host)
                .hostName(hostName)
                .mqttPort(mqttPort)
                .amqpPort(amqpPort)
                .wsPort(webSocketPort)
                .apiPort(apiPort);
        for (String device : devices) {
            register(builder, device, ids);
        }
        return builder;
    }

    /** A device id may hold = itself: the key starts behind the first. */
    private static void register(EmulatorBuilder builder, String device, List<String> ids) {
        String id = id(device);
        if (id.length() == device.length()) {
            builder.device(id);
        } else {
            builder.device(id, device.substring(id.length() + 1));
        }
        ids.add(id);
    }

    /** What stands before the first =. */
    private static String id(String argument) {
        int equals = argument.indexOf('=');
        return equals < 0 ? argument : argument.substring(0, equals);
    }

    private IotHubEmulator start(EmulatorBuilder builder) throws UpstreamException {
        try {
            return builder.start();
        } catch (IOException e) {
            throw UpstreamException.of(
                    FailureKind.CONFIGURATION,
                    Where.here("emulator"),
                    "the emulator cannot start: " + e.getMessage()
                            + "; choose other ports (0 for any; below 1024 they may need privileges) or another --dir",
                    e);
        } catch (IllegalArgumentException e) {
            throw usage("--device: " + e.getMessage());
        }
    }

    private void enrol(ProvisioningService service) {
        try {
            for (String each : enrolments) {
                service.enrol(Enrolment.device(id(each), keys(each)));
            }
            for (String each : groups) {
                service.enrol(Enrolment.group(id(each), keys(each)));
            }
        } catch (IllegalArgumentException e) {
            throw usage("--enroll, --enroll-group: " + e.getMessage());
        }
    }

    private static Attestation keys(String argument) {
        int equals = argument.indexOf('=');
        return new Attestation.SymmetricKeys(equals < 0 ? "" : argument.substring(equals + 1), "");
    }

    private static ObjectNode ready(IotHubEmulator hub, List<String> ids) {
        ObjectNode ready = Console.event("ready")
                .put("ready", true)
                .put("hostName", hub.hostName())
                .put("host", hub.host())
                .put("mqttPort", hub.mqttPort())
                .put("amqpPort", hub.amqpPort())
                .put("wsPort", hub.wsPort())
                .put("apiPort", hub.apiPort())
                .put("trustBundle", hub.trustBundle().toString())
                .put("serviceConnectionString", hub.serviceConnectionString())
                .put("idScope", hub.provisioning().idScope());
        ArrayNode devices = ready.putArray("devices");
        for (String id : ids) {
            devices.addObject().put("id", id).put("connectionString", hub.connectionString(id));
        }
        ArrayNode enrolled = ready.putArray("enrollments");
        hub.provisioning().enrolments(Enrolment.Kind.DEVICE).forEach(each -> enrolled.add(entry(each)));
        ArrayNode enrolledGroups = ready.putArray("enrollmentGroups");
        hub.provisioning().enrolments(Enrolment.Kind.GROUP).forEach(each -> enrolledGroups.add(entry(each)));
        return ready;
    }

    private static ObjectNode entry(StoredEnrolment enrolment) {
        return JsonNodeFactory.instance
                .objectNode()
                .put("id", enrolment.enrolment().id())
                .put("primaryKey", enrolment.primaryKey());
    }

    private static String description(IotHubEmulator hub, List<String> ids) {
        StringBuilder text = new StringBuilder("hub " + hub.hostName() + " is ready on " + hub.host());
        text.append("\n  Mqtt             port ").append(hub.mqttPort());
        text.append("\n  Amqp             port ").append(hub.amqpPort());
        text.append("\n  MqttWs, AmqpWs   port ").append(hub.wsPort());
        text.append("\n  control API      http://")
                .append(hub.host())
                .append(':')
                .append(hub.apiPort());
        text.append("\n  trust bundle     ").append(hub.trustBundle());
        text.append("\n  for services     ").append(hub.serviceConnectionString());
        text.append("\n  provisioning     id scope ")
                .append(hub.provisioning().idScope())
                .append(", on the same ports");
        for (Enrolment.Kind kind : Enrolment.Kind.values()) {
            for (StoredEnrolment each : hub.provisioning().enrolments(kind)) {
                text.append(kind == Enrolment.Kind.DEVICE ? "\n  enrolled " : "\n  group ")
                        .append(each.enrolment().id())
                        .append("   ")
                        .append(each.primaryKey());
            }
        }
        for (String id : ids) {
            text.append("\n  ").append(id).append("   ").append(hub.connectionString(id));
        }
        return text.append("\nstop it with Ctrl-C").toString();
    }
}
