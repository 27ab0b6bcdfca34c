"""Generated text within a page that people write: what stands between two marks is replaced."""

from limes.core.errors import InputError


def between(text: str, start: str, end: str, block: str) -> str:
    """The text with `block` on lines of its own between the marks, in place of what was there.

    Raises:
        InputError: if the marks are not there, once each and in order.

    Example:
        >>> between("a <x> old </x> b", "<x>", "</x>", "new").split()
        ['a', '<x>', 'new', '</x>', 'b']
    """
    if text.count(start) != 1 or text.count(end) != 1 or text.index(start) > text.index(end):
        raise InputError(f"the page needs the marks {start} and {end}, once each and in this order")
    before, rest = text.split(start)
    return f"{before}{start}\n{block}\n{end}{rest.split(end)[1]}"
