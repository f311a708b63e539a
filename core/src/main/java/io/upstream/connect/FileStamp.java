// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;

/** By what a changed file is known: when it was written and how long it is, of the file itself if the path is a link. */
record FileStamp(FileTime modified, long size) {
    private static final FileStamp NOT_THERE = new FileStamp(FileTime.fromMillis(0), -1);

    static FileStamp of(Path file) throws IOException {
        return new FileStamp(Files.getLastModifiedTime(file), Files.size(file));
    }

    /** Of several files. What is not there has a stamp, too: whoever reads it says what is wrong. */
    static List<FileStamp> ofAll(List<Path> files) {
        List<FileStamp> stamps = new ArrayList<>();
        for (Path file : files) {
            try {
                stamps.add(of(file));
            } catch (IOException e) {
                stamps.add(NOT_THERE);
            }
        }
        return stamps;
    }
}
