defmodule Klime.Native do
  @moduledoc false
  # The Rust half, `crates/klime-nif`, whose file `exports.rs` says what each function does. None of them waits for anything.

  @on_load :load

  @typedoc "What a client's process holds."
  @type held :: reference()
  @typedoc "By which an answer is known: `{:klime, :done, token, answer}`."
  @type token :: pos_integer()
  @typedoc "What sees each event before it is taken."
  @type hook :: %{before_send: (Klime.Event.t() -> term()) | nil, table: :ets.table() | nil}

  def load do
    :klime |> Application.app_dir("priv/native/libklime_nif") |> String.to_charlist() |> :erlang.load_nif(0)
  end

  @spec start(map()) :: {:ok, held()} | {:error, String.t()}
  def start(_options), do: not_loaded()

  @spec give_to(held(), pid(), hook() | nil) :: boolean()
  def give_to(_held, _owner, _hook), do: not_loaded()

  @spec close(held()) :: :ok
  def close(_held), do: not_loaded()

  @spec listen(held()) :: :ok
  def listen(_held), do: not_loaded()

  @spec owners() :: [pid()]
  def owners, do: not_loaded()

  @spec enqueue(pid(), binary()) :: :ok | :dropped | :none | {:hook, hook()}
  def enqueue(_owner, _event), do: not_loaded()

  @spec enqueue_screened(pid(), binary()) :: :ok | :dropped | :none
  def enqueue_screened(_owner, _event), do: not_loaded()

  @spec hook(pid()) :: hook() | nil | :none
  def hook(_owner), do: not_loaded()

  @spec count_dropped(pid(), atom(), String.t(), binary()) :: :ok | :none
  def count_dropped(_owner, _reason, _problem, _event), do: not_loaded()

  @spec stats(pid()) :: Klime.Client.stats() | :none
  def stats(_owner), do: not_loaded()

  @spec send_now(held(), token(), binary()) :: :ok | :none
  def send_now(_held, _token, _event), do: not_loaded()

  @spec flush(held(), token(), non_neg_integer() | nil, boolean()) :: :ok | :none
  def flush(_held, _token, _timeout, _with_callbacks), do: not_loaded()

  @spec shutdown(held(), token(), non_neg_integer()) :: :ok | :none
  def shutdown(_held, _token, _timeout), do: not_loaded()

  @spec told(held()) :: :ok
  def told(_held), do: not_loaded()

  @spec rush(held()) :: :ok
  def rush(_held), do: not_loaded()

  @spec encode(term(), non_neg_integer()) :: {:ok, binary()} | :odd | :too_deep | :too_large
  def encode(_term, _max_bytes), do: not_loaded()

  defp not_loaded, do: :erlang.nif_error(:nif_not_loaded)
end
