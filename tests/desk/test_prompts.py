"""A question goes from a worker thread to the loop, and its answer back."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from lambdadesk.core.errors import UserError
from lambdadesk.core.threads import in_thread
from lambdadesk.desk.prompts import Prompts, Question, QuestionKind
from tests.desk.waiting import until

DEVICE = "arn:aws:iam::123456789012:mfa/phone"


def make_prompts() -> tuple[Prompts, list[Question]]:
    prompts = Prompts()
    prompts.attach()
    asked: list[Question] = []
    prompts.asked.connect(asked.append)
    return prompts, asked


@asynccontextmanager
async def asking(
    prompts: Prompts, asked: list[Question], kind: QuestionKind
) -> AsyncIterator[tuple[Question, asyncio.Task[str]]]:
    """A thread that waits for an answer."""
    count = len(asked)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(_ask(prompts, kind))
        await until(prompts.asked, lambda: len(asked) > count, "the question")
        yield asked[-1], task


async def _ask(prompts: Prompts, kind: QuestionKind) -> str:
    """The answer, or the sentence of the error and its kind."""
    try:
        return await in_thread(prompts.ask, kind, "shop", DEVICE)
    except UserError as error:
        return f"{error.message} ({error.kind})"


async def test_a_question_reaches_the_loop_and_the_answer_the_thread() -> None:
    prompts = Prompts()
    prompts.attach()
    threads: list[threading.Thread] = []

    def answer(question: Question) -> None:
        threads.append(threading.current_thread())
        assert (question.kind, question.connection, question.text) == (
            QuestionKind.MFA_CODE,
            "shop",
            DEVICE,
        )
        assert not question.is_done
        question.answer("123456")
        assert question.is_done

    prompts.asked.connect(answer)
    assert await in_thread(prompts.ask, QuestionKind.MFA_CODE, "shop", DEVICE) == "123456"
    assert threads == [threading.current_thread()]


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        (QuestionKind.MFA_CODE, "No MFA code was given. (expired)"),
        (QuestionKind.PROCESS, "The sign-in was cancelled. (expired)"),
    ],
)
@pytest.mark.parametrize("by_closing", [False, True])
async def test_a_cancelled_question_is_a_sentence(
    kind: QuestionKind, sentence: str, by_closing: bool
) -> None:
    prompts, asked = make_prompts()
    async with asking(prompts, asked, kind) as (question, task):
        prompts.close() if by_closing else question.cancel()
    assert task.result() == sentence
    assert question.is_done


async def test_the_first_answer_counts() -> None:
    prompts, asked = make_prompts()
    async with asking(prompts, asked, QuestionKind.MFA_CODE) as (question, task):
        question.answer("111111")
        question.answer("222222")
        question.cancel()
        prompts.close()
    assert task.result() == "111111"
    question = Question(QuestionKind.MFA_CODE, "shop", DEVICE)
    question.cancel()
    question.answer("111111")
    with pytest.raises(UserError):
        question.wait()


async def test_several_threads_get_their_own_answers() -> None:
    prompts, asked = make_prompts()
    async with asking(prompts, asked, QuestionKind.MFA_CODE) as (first, first_task):
        async with asking(prompts, asked, QuestionKind.MFA_CODE) as (second, second_task):
            second.answer("222222")
        assert not first.is_done
        first.answer("111111")
    assert (first_task.result(), second_task.result()) == ("111111", "222222")


async def test_nobody_is_asked_before_there_is_a_loop_or_after_the_end() -> None:
    prompts = Prompts()
    asked: list[Question] = []
    prompts.asked.connect(asked.append)
    assert await _ask(prompts, QuestionKind.PROCESS) == "Nobody can be asked now. (expired)"
    prompts.attach()
    prompts.close()
    assert await _ask(prompts, QuestionKind.PROCESS) == "Nobody can be asked now. (expired)"
    assert asked == []


async def test_a_question_on_its_way_when_all_ends_lets_its_thread_go() -> None:
    prompts, asked = make_prompts()
    question = Question(QuestionKind.MFA_CODE, "shop", DEVICE)
    asyncio.get_running_loop().call_soon(prompts._show, question)  # as `ask` does from its thread
    prompts.close()
    with pytest.raises(UserError):
        await in_thread(question.wait)
    assert asked == []


def test_a_question_does_not_show_its_answer() -> None:
    question = Question(QuestionKind.MFA_CODE, "shop", DEVICE)
    question.answer("654321")
    assert "654321" not in repr(question)
