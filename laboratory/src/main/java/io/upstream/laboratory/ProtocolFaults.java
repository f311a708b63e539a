// SPDX-License-Identifier: Apache-2.0
package io.upstream.laboratory;

import io.upstream.emulator.hub.Fault;
import io.upstream.emulator.hub.FaultKind;
import io.upstream.emulator.proxy.Misbehaviour.Ending;
import io.upstream.emulator.relay.Direction;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** F29 to F43: what the hub does. */
final class ProtocolFaults {
    private static final FaultKind[] LINKS = {
        FaultKind.KILL_CBS_REQUEST_LINK,
        FaultKind.KILL_CBS_REPLY_LINK,
        FaultKind.KILL_TELEMETRY_LINK,
        FaultKind.KILL_CLOUD_MESSAGE_LINK,
        FaultKind.KILL_TWIN_REQUEST_LINK,
        FaultKind.KILL_TWIN_REPLY_LINK,
        FaultKind.KILL_METHOD_REQUEST_LINK,
        FaultKind.KILL_METHOD_REPLY_LINK
    };

    private ProtocolFaults() {}

    private static void strike(Scene scene, int pause, FaultKind... kinds) throws Exception {
        for (FaultKind kind : kinds) {
            scene.inject(Fault.now(kind));
            scene.pass(pause);
        }
    }

    static void closes(Scene scene) throws Exception {
        strike(scene, 800, FaultKind.SHUT_DOWN, FaultKind.KILL_TCP, FaultKind.KILL_CONNECTION);
    }

    static void endsSession(Scene scene) throws Exception {
        strike(scene, 800, FaultKind.KILL_SESSION, FaultKind.KILL_SESSION, FaultKind.KILL_SESSION);
    }

    static void detachesLinks(Scene scene) throws Exception {
        strike(scene, 600, LINKS);
    }

    static void refuses(Scene scene) throws Exception {
        scene.inject(Fault.lasting(FaultKind.AUTH, Duration.ofSeconds(1)));
        scene.far().cutAll(Ending.RST);
        scene.pass(1_300);
        scene.inject(Fault.lasting(FaultKind.DISABLE, Duration.ofMillis(800)));
        scene.pass(1_000);
    }

    static void throttles(Scene scene) throws Exception {
        scene.inject(Fault.lasting(FaultKind.THROTTLE, Duration.ofMillis(1_200)));
        scene.pass(1_500);
        scene.inject(Fault.lasting(FaultKind.QUOTA, Duration.ofSeconds(1)));
        scene.pass(1_200);
    }

    static void losesAcknowledgements(Scene scene) throws Exception {
        for (int i = 0; i < 5; i++) {
            scene.awaitAcknowledged(scene.random().nextInt(1, 50));
            scene.inject(Fault.now(FaultKind.LOST_ACK));
            scene.pass(400);
        }
    }

    static void withholdsAcknowledgements(Scene scene) throws Exception {
        scene.inject(Fault.lasting(FaultKind.WITHHELD_ACKS, Duration.ofSeconds(2)));
        scene.pass(2_500);
    }

    static void strangeAcknowledgements(Scene scene) throws Exception {
        Wire wire = new Wire(scene.column());
        for (byte[] each : wire.strangeAcknowledgements()) {
            scene.inner().inject(Direction.DOWN, each);
            scene.pass(700);
        }
    }

    static void forgetsSession(Scene scene) throws Exception {
        for (int i = 0; i < 3; i++) {
            scene.inject(Fault.lasting(FaultKind.FORGOTTEN_SESSION, Duration.ofMillis(600)));
            scene.far().cutAll(Ending.RST);
            scene.pass(700);
            scene.far().cutAll(Ending.RST);
            scene.pass(500);
        }
    }

    static void starves(Scene scene) throws Exception {
        scene.inject(Fault.lasting(FaultKind.NO_CREDIT, Duration.ofMillis(3_500)));
        scene.far().cutAll(Ending.RST);
        scene.pass(3_500);
    }

    static void burst(Scene scene) throws Exception {
        scene.traffic().mood(Mood.SLOW);
        for (int i = 0; i < 6; i++) {
            scene.traffic().burst(50);
            scene.pass(500);
        }
    }

    static void malformed(Scene scene) throws Exception {
        Wire wire = new Wire(scene.column());
        List<byte[]> all = new ArrayList<>(wire.malformed());
        for (int i = 0; i < 3; i++) {
            byte[] each = all.remove(scene.random().nextInt(all.size()));
            scene.inner().inject(Direction.DOWN, each);
            scene.pass(900);
        }
    }

    static void herd(Scene scene) throws Exception {
        List<Visitor> herd = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            herd.add(scene.visit("beside-" + i));
        }
        for (Visitor each : herd) {
            each.awaitOpen();
        }
        scene.far().refuse();
        scene.far().cutAll(Ending.RST);
        for (Visitor each : herd) {
            each.send(3);
        }
        scene.pass(2_500);
    }

    static void takenOver(Scene scene) throws Exception {
        for (int i = 0; i < 5; i++) {
            try (Visitor rival = scene.rival()) {
                rival.tryOpen();
                scene.pass(300);
            }
            scene.pass(400);
        }
    }

    static void webSocket(Scene scene) throws Exception {
        for (byte[] each : Wire.webSocketFrames()) {
            scene.inner().inject(Direction.DOWN, each);
            scene.pass(700);
        }
    }
}
