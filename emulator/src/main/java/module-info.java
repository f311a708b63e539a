// SPDX-License-Identifier: Apache-2.0
/** An IoT Hub that runs in the JVM, for tests, demonstrations and benchmarks. */
module io.upstream.emulator {
    requires com.fasterxml.jackson.core;
    requires transitive com.fasterxml.jackson.databind;
    requires io.netty.buffer;
    requires io.netty.codec;
    requires io.netty.codec.http;
    requires io.netty.codec.mqtt;
    requires io.netty.common;
    requires transitive io.netty.handler;
    requires transitive io.netty.transport;
    requires org.apache.qpid.proton.j;
    requires org.bouncycastle.pkix;
    requires org.bouncycastle.provider;
    requires org.slf4j;
    requires static transitive org.jspecify;

    exports io.upstream.emulator;
    exports io.upstream.emulator.hub;
    exports io.upstream.emulator.provisioning;
    exports io.upstream.emulator.proxy;
    exports io.upstream.emulator.relay;
    exports io.upstream.emulator.tls;
}
