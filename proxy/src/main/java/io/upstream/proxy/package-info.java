// SPDX-License-Identifier: Apache-2.0
/**
 * The way through an HTTP proxy: {@link io.upstream.proxy.TunnelStage} asks it for a tunnel with CONNECT (RFC 9110 section 9.3.6) and
 * leaves the connection when it is through, {@link io.upstream.proxy.ProxySettings} says which proxies a destination needs: those of a
 * list, a selector, Java's properties or the environment. Both are strict where a guess could send bytes or credentials to the wrong
 * place. Start with the settings.
 */
@NullMarked
package io.upstream.proxy;

import org.jspecify.annotations.NullMarked;
