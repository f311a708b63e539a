// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import io.netty.buffer.ByteBuf;
import io.netty.util.internal.PlatformDependent;
import java.nio.ByteOrder;

/**
 * Reads octets where they lie, in network order. A {@link ByteBuf} asks at each access whether it is still alive and whether the index is
 * within it; here the caller has made sure of both, once for all octets of a frame, by comparing its length with what is readable.
 */
final class Octets {
    /** Not by default from JDK 25 on, where Netty may not use addresses: then all goes through the buffer. */
    private static final boolean BY_ADDRESS = PlatformDependent.hasUnsafe() && PlatformDependent.isUnaligned();

    private static final boolean BIG_ENDIAN = ByteOrder.nativeOrder() == ByteOrder.BIG_ENDIAN;

    private Octets() {}

    /** Where index 0 of {@code in} lies, for the other methods; 0 if it has no address. Good while the caller holds {@code in}. */
    static long address(ByteBuf in) {
        return BY_ADDRESS && in.hasMemoryAddress() ? in.memoryAddress() : 0;
    }

    static byte one(ByteBuf in, long address, int at) {
        return address == 0 ? in.getByte(at) : PlatformDependent.getByte(address + at);
    }

    /** As an unsigned number. */
    static int two(ByteBuf in, long address, int at) {
        if (address == 0) {
            return in.getUnsignedShort(at);
        }
        short octets = PlatformDependent.getShort(address + at);
        return (BIG_ENDIAN ? octets : Short.reverseBytes(octets)) & 0xFFFF;
    }

    static int four(ByteBuf in, long address, int at) {
        if (address == 0) {
            return in.getInt(at);
        }
        int octets = PlatformDependent.getInt(address + at);
        return BIG_ENDIAN ? octets : Integer.reverseBytes(octets);
    }

    static long eight(ByteBuf in, long address, int at) {
        if (address == 0) {
            return in.getLong(at);
        }
        long octets = PlatformDependent.getLong(address + at);
        return BIG_ENDIAN ? octets : Long.reverseBytes(octets);
    }
}
