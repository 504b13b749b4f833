defmodule Klime.Plain do
  @moduledoc false
  # An event that cannot be JSON, made plain: what JSON cannot hold is replaced by text that says what it is. So `on_drop` is shown the
  # rest, and the log is told the first such place, by its path and type. The value itself may be private, and is not shown.
  #
  # How much of a field is read is bounded: one that is far larger than any event is replaced as a whole.

  # In bytes of JSON, at least; an event may have 204,800.
  @most 204_800
  # What it costs to find out that an encoder does not take a term.
  @refusal 1024
  @levels 100

  defstruct [:event, :problem, whole: true]

  @type t :: %__MODULE__{event: map(), problem: String.t() | nil, whole: boolean()}

  @doc """
  Makes an event plain. `encodes` says of a term that is not plain what stands for it (`{:ok, term, bytes}`), or `:error`.
  """
  @spec of(map(), (term() -> {:ok, term(), non_neg_integer()} | :error)) :: t()
  def of(event, encodes) do
    Enum.reduce(event, %__MODULE__{event: %{}}, fn {key, value}, plain ->
      {value, problem, whole} = field(value, [name(key)], encodes)

      %{
        plain
        | event: Map.put(plain.event, key, value),
          problem: plain.problem || problem,
          whole: plain.whole and whole
      }
    end)
  end

  defp field(value, path, encodes) do
    {value, {_left, problem}} = plain(value, path, encodes, {@most, nil})
    {value, problem, true}
  catch
    {:too_large, problem} -> {"(too large to show)", problem, false}
  end

  defp plain(value, _path, _encodes, state) when is_float(value) or value in [nil, true, false],
    do: {value, spend(state, 2)}

  defp plain(value, path, encodes, state) when is_binary(value) do
    state = spend(state, byte_size(value) + 3)
    if String.valid?(value), do: {value, state}, else: odd(value, path, encodes, state)
  end

  defp plain(value, path, encodes, state) when is_struct(value), do: odd(value, path, encodes, state)

  defp plain(value, path, _encodes, state) when (is_map(value) or is_list(value)) and length(path) > @levels,
    do: {"(nested too deep)", state |> spend(20) |> note("event is nested deeper than #{@levels} levels")}

  defp plain(map, path, encodes, state) when is_map(map) do
    {entries, state} = Enum.map_reduce(map, spend(state, 2), &entry(&1, path, encodes, &2))
    {Map.new(entries), state}
  end

  # An improper list has no length.
  defp plain(list, path, encodes, state) when length(list) >= 0 do
    {elements, {_count, state}} =
      Enum.map_reduce(list, {0, spend(state, 2)}, fn element, {index, state} ->
        {element, state} = plain(element, [index | path], encodes, state)
        {element, {index + 1, state}}
      end)

    {elements, state}
  end

  defp plain(value, path, encodes, state), do: odd(value, path, encodes, state)

  defp entry({key, value}, path, encodes, state) do
    {key, state} = key(key, ["a key" | path], state)
    {value, state} = plain(value, [key | path], encodes, state)
    {{key, value}, state}
  end

  defp key(key, _path, state) when is_atom(key) or is_number(key), do: {to_string(key), spend(state, 4)}

  defp key(key, path, state) do
    if is_binary(key) and String.valid?(key),
      do: {key, spend(state, byte_size(key) + 3)},
      else: replaced(key, path, state)
  end

  defp odd(value, path, encodes, state) do
    case encodes.(value) do
      {:ok, plain, bytes} -> {plain, spend(state, bytes)}
      :error -> replaced(value, path, state)
    end
  end

  defp replaced(value, path, state) do
    what = what(value)
    place = path |> Enum.reverse() |> Enum.join(".")
    {"(#{what})", state |> spend(@refusal) |> note("#{place} is #{what}, which JSON cannot hold")}
  end

  defp note({left, problem}, new), do: {left, problem || new}

  defp spend({left, problem}, bytes) when bytes > left, do: throw({:too_large, problem})
  defp spend({left, problem}, bytes), do: {left - bytes, problem}

  # The wire's names of what Elixir calls otherwise.
  defp name("userId"), do: "user_id"
  defp name("groupId"), do: "group_id"
  defp name("messageId"), do: "message_id"
  defp name(key), do: key

  defp what(%module{}), do: "a struct #{inspect(module)} without a JSON encoder that works"
  defp what(term) when is_tuple(term), do: "a tuple"
  defp what(term) when is_pid(term), do: "a process id"
  defp what(term) when is_function(term), do: "a function"
  defp what(term) when is_reference(term), do: "a reference"
  defp what(term) when is_port(term), do: "a port"
  defp what(term) when is_binary(term), do: "text that is not valid UTF-8"
  defp what(term) when is_bitstring(term), do: "a bit string"
  defp what(term) when is_list(term), do: "an improper list"
  defp what(term) when is_integer(term), do: "an integer of more than 64 bits"
  defp what(term) when is_map(term), do: "a map"
  defp what(_term), do: "a term"
end
