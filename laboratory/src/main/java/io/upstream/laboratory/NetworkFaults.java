// SPDX-License-Identifier: Apache-2.0
package io.upstream.laboratory;

import io.upstream.HostPort;
import io.upstream.ProxyServer;
import io.upstream.emulator.proxy.Misbehaviour.Ending;
import io.upstream.emulator.relay.Direction;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** F01 to F14: what happens between the client and its first hop. */
final class NetworkFaults {
    private static final int TIRED_MILLIS = 200;

    private NetworkFaults() {}

    static void reset(Scene scene) throws Exception {
        for (int i = 0; i < 4; i++) {
            scene.near().cutAfter(Direction.UP, scene.random().nextInt(1, 3_000), Ending.RST);
            scene.pass(500);
            scene.near().cutAll(Ending.RST);
            scene.pass(300);
        }
    }

    static void hole(Scene scene) throws Exception {
        scene.near().hold();
        scene.pass(scene.detectionMillis());
    }

    static void holeUp(Scene scene) throws Exception {
        scene.near().hold(Direction.UP);
        scene.pass(scene.detectionMillis());
    }

    static void holeDown(Scene scene) throws Exception {
        scene.near().hold(Direction.DOWN);
        scene.pass(scene.detectionMillis());
    }

    static void flap(Scene scene) throws Exception {
        scene.near().flap(Duration.ofMillis(300), Duration.ofMillis(500));
        scene.pass(6_400);
    }

    static void satellite(Scene scene) throws Exception {
        scene.near().delay(Duration.ofMillis(135), Duration.ofMillis(30));
        scene.pass(1_500);
        scene.near().cutAll(Ending.RST);
        scene.pass(3_500);
    }

    static void mobile(Scene scene) throws Exception {
        scene.near().delay(Duration.ofMillis(40), Duration.ofMillis(20));
        scene.near().throttle(700_000 / 8);
        scene.pass(1_500);
        scene.near().cutAll(Ending.RST);
        scene.pass(2_500);
    }

    static void lossy(Scene scene) throws Exception {
        scene.near().delay(Duration.ofMillis(5), Duration.ofMillis(200));
        scene.pass(1_500);
        scene.near().cutAll(Ending.RST);
        scene.pass(3_000);
    }

    static void narrow(Scene scene) throws Exception {
        scene.near().throttle(32_000 / 8);
        scene.pass(2_000);
        scene.near().cutAll(Ending.RST);
        scene.pass(3_000);
    }

    static void unresolvable(Scene scene) throws Exception {
        scene.routes().use(List.of(ProxyServer.http(new HostPort("hop.invalid", 3_128))));
        scene.near().cutAll(Ending.RST);
        scene.pass(2_500);
    }

    /** Linux drops the SYNs of whoever comes when the backlog is full. */
    static void deafAddress(Scene scene) throws Exception {
        List<Socket> waiting = new ArrayList<>();
        try (ServerSocket deaf = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.9"))) {
            InetSocketAddress address = (InetSocketAddress) deaf.getLocalSocketAddress();
            fill(address, waiting);
            scene.routes()
                    .before(ProxyServer.http(new HostPort(address.getAddress().getHostAddress(), address.getPort())));
            scene.near().cutAll(Ending.RST);
            scene.pass(3_500);
        } finally {
            for (Socket each : waiting) {
                each.close();
            }
        }
    }

    private static void fill(InetSocketAddress address, List<Socket> waiting) throws java.io.IOException {
        for (int i = 0; i < 16; i++) {
            Socket socket = new Socket();
            waiting.add(socket);
            try {
                socket.connect(address, TIRED_MILLIS);
            } catch (SocketTimeoutException e) {
                return;
            }
        }
    }

    static void smallPackets(Scene scene) throws Exception {
        scene.near().holdLargerThan(1_200);
        scene.near().cutAll(Ending.RST);
        scene.pass(4_000);
    }

    static void forgotten(Scene scene) throws Exception {
        scene.traffic().pause();
        scene.pass(700);
        scene.near().forget();
        scene.traffic().resume();
        scene.pass(scene.detectionMillis());
    }

    static void noSocket(Scene scene) throws Exception {
        scene.loops().exhaust();
        scene.near().cutAll(Ending.RST);
        scene.pass(2_500);
    }
}
