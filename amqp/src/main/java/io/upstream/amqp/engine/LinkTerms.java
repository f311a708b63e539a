// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp.engine;

import java.util.Map;

/**
 * What a link asks for.
 *
 * @param name unique on the connection
 * @param address of the peer's terminus
 * @param properties symbol to string
 * @param maxMessageSize in bytes, for what we receive
 */
public record LinkTerms(String name, String address, Map<String, String> properties, int maxMessageSize) {}
