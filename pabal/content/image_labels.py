"""What is wrong with a picture, in Korean and English."""

from __future__ import annotations

from collections.abc import Mapping

from pabal.content.labels import Label, Language

IMAGE_ERRORS: dict[str, Label] = {
    "image_empty": {"en": "The file is empty.", "ko": "빈 파일입니다."},
    "image_too_many_bytes": {
        "en": "The file has {size} bytes; {limit} are allowed.",
        "ko": "파일 크기가 {size}바이트입니다. {limit}바이트까지 올릴 수 있습니다.",
    },
    "image_too_large": {
        "en": "The picture has too many pixels; {limit} megapixels are allowed.",
        "ko": "이미지 해상도가 너무 큽니다. {limit}메가픽셀까지 올릴 수 있습니다.",
    },
    "image_too_small": {
        "en": "The picture is too small: each side needs at least {limit} pixels.",
        "ko": "이미지가 너무 작습니다. 가로세로 모두 {limit}픽셀 이상이어야 합니다.",
    },
    "image_too_narrow": {
        "en": "The picture is too narrow to be shown on a phone.",
        "ko": "이미지의 가로세로 비율이 너무 커서 휴대폰에 표시할 수 없습니다.",
    },
    "image_moves_too_long": {
        "en": "The animation is too long: {frames} frames. Up to {limit} frames and 60 megapixels in all are allowed.",
        "ko": "움직이는 이미지가 너무 깁니다(프레임 {frames}개). 프레임 {limit}개, 전체 60메가픽셀까지 올릴 수 있습니다.",
    },
    "image_is_moving_webp": {
        "en": "Phones do not show moving WebP pictures in messages. Save it as a GIF.",
        "ko": "움직이는 WebP는 문자로 보낼 수 없습니다. GIF로 저장해 올려 주세요.",
    },
    "image_is_svg": {
        "en": "SVG drawings cannot be sent. Save it as a PNG or JPEG.",
        "ko": "SVG는 보낼 수 없습니다. PNG나 JPEG로 저장해 올려 주세요.",
    },
    "image_is_heic": {
        "en": "HEIC photos cannot be sent. Save it as a JPEG.",
        "ko": "HEIC 사진은 보낼 수 없습니다. JPEG로 저장해 올려 주세요.",
    },
    "image_is_avif": {
        "en": "AVIF pictures cannot be sent. Save it as a JPEG or PNG.",
        "ko": "AVIF는 보낼 수 없습니다. JPEG나 PNG로 저장해 올려 주세요.",
    },
    "image_is_video": {
        "en": "Videos cannot be sent. Use a picture or a moving GIF.",
        "ko": "동영상은 보낼 수 없습니다. 이미지나 움직이는 GIF를 사용해 주세요.",
    },
    "image_is_pdf": {
        "en": "PDF files cannot be sent. Save the page as a JPEG or PNG.",
        "ko": "PDF는 보낼 수 없습니다. JPEG나 PNG로 저장해 올려 주세요.",
    },
    "image_unknown": {
        "en": "This is no picture we know. Use a JPEG, PNG or GIF.",
        "ko": "지원하지 않는 파일입니다. JPEG, PNG, GIF 이미지를 올려 주세요.",
    },
    "image_broken": {
        "en": "The picture is damaged or incomplete. Save it again and try once more.",
        "ko": "이미지가 손상되었거나 일부가 빠져 있습니다. 다시 저장한 뒤 올려 주세요.",
    },
    "crop_outside": {
        "en": "The part to cut out lies outside the picture.",
        "ko": "잘라낼 영역이 이미지를 벗어났습니다.",
    },
    "image_cannot_fit": {
        "en": "The picture cannot be made to fit {limit} bytes.",
        "ko": "이미지를 {limit}바이트 이하로 줄일 수 없습니다.",
    },
}
"""Sentences by the code of an `ImageError`; words in braces come from the error."""


def image_error(code: str, language: Language, words: Mapping[str, str]) -> str:
    """The sentence of an error about a picture."""
    return IMAGE_ERRORS[code][language].format(**words)
