"""Subjects and recordings of a laboratory: an SQL index over recording folders, access, audit, retention.

The folders are the truth; the index may be lost and is built anew from them (``Library.refresh``).
"""
