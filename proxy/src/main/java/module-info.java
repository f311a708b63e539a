// SPDX-License-Identifier: Apache-2.0
/** The way through an HTTP proxy, and which proxy that is. */
module io.upstream.proxy {
    requires io.netty.buffer;
    requires io.netty.common;
    requires io.netty.transport;
    requires transitive io.upstream.core;
    requires java.naming;
    requires java.security.jgss;
    requires jdk.security.auth;
    requires org.bouncycastle.provider;
    requires org.slf4j;
    requires static transitive org.jspecify;

    exports io.upstream.proxy;
}
